"""`sunledger reference`: contracts, lines, tariffs, periods, rates and prices from CSV, every row checked."""

from pathlib import Path
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Reference data that bills are resolved with.")


@app.callback()
def group() -> None:
    """Keep `load` a command of its own, whatever comes beside it."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file with a header.")],
    kind: Annotated[str, typer.Option(help="What it holds, such as contract_line; docs/billing.md names the kinds.")],
    organization: Annotated[str, typer.Option(help="Name or id of the organization that owns it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report, write nothing.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Write the right rows although others are wrong.")] = False,
    date_order: Annotated[str, typer.Option(help="DMY or MDY, for dates such as 03/04/2026.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load reference data; nothing is written unless every row is right, and loading again changes nothing.

    The exit code is 0 when every row is right, else 1.
    """
    import getpass

    from include.pipeline import reference
    from include.warehouse import registry
    from include.warehouse.database import connect

    organization_id = None
    if organization:
        with connect() as connection:
            organization_id = registry.organization_id(connection, organization)
    report = reference.load_file(
        file,
        kind,
        organization_id,
        actor=getpass.getuser(),
        is_dry_run=dry_run,
        is_partial=partial,
        date_order=date_order or None,
    )
    if json:
        output.as_json(report.as_dict())
    else:
        counts = ", ".join(f"{word} {count}" for word, count in report.counts().items())
        output.console.print(f"{kind}: {counts}" + ("" if report.is_written else "; nothing was written"))
        if report.ignored:
            output.console.print(f"columns that were not used: {', '.join(report.ignored)}")
        errors = report.as_dict()["errors"]
        if errors:
            output.as_table(errors, ("line", "column", "value", "message", "remedy"), "rows that were refused")
    raise typer.Exit(1 if report.errors else 0)
