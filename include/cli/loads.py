"""`sunledger loads`: what came in, and the way to run it again."""

from typing import Annotated

import typer

from include.cli import files, output

app = typer.Typer(no_args_is_help=True, help="Loads: what was delivered and what became of it.")
COLUMNS = (
    "load_id", "organization", "source_system", "original_name", "status", "rows_in", "rows_clean", "rows_rejected",
    "rows_duplicate", "code", "received_at",
)  # fmt: skip


@app.command("list")
def list_loads(
    status: Annotated[str, typer.Option(help="Only loads of this status.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 30,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the newest loads."""
    from include.warehouse import loads
    from include.warehouse.database import connect

    with connect() as connection:
        rows = loads.listing(connection, status=status or None, limit=limit)
    output.as_json(rows) if json else output.as_table(rows, COLUMNS, "loads")


@app.command()
def show(load_id: int, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show one load with its verdict."""
    from include.warehouse import loads
    from include.warehouse.database import connect

    with connect() as connection:
        files.show(loads.get(connection, load_id), json)


@app.command()
def replay(
    load_id: int,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit entries.")] = "",
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Stage and judge a load again from the lake, with today's parser, mapping and column map."""
    import getpass

    from include.pipeline import process

    files.show(process.replay(load_id, actor=getpass.getuser(), reason=reason), json)
