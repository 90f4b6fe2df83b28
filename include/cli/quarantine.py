"""`sunledger quarantine`: rows and loads that were refused, and the audited way to let them pass."""

from pathlib import Path
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Refused rows and held loads.")


@app.command("list")
def list_rows(
    load: Annotated[int, typer.Option(help="Only rows of this load.")] = 0,
    code: Annotated[str, typer.Option(help="Only rows with this code.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List refused rows with their codes."""
    from include.warehouse import quarantine
    from include.warehouse.database import connect

    with connect() as connection:
        rows = quarantine.listing(connection, load_id=load or None, code=code or None, limit=limit)
    columns = ("load_id", "row_number", "codes", "messages", "status", "original_name")
    output.as_json(rows) if json else output.as_table(rows, columns, "refused rows")


@app.command()
def show(load_id: int, row_number: int, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show one refused row with its original cells."""
    from include.core.errors import NotFound
    from include.warehouse import quarantine
    from include.warehouse.database import connect

    with connect() as connection:
        found = quarantine.listing(connection, load_id=load_id, limit=100_000)
    row = next((row for row in found if row["row_number"] == row_number), None)
    if row is None:
        raise NotFound(f"load {load_id} has no refused row {row_number}")
    if json:
        output.as_json(row)
        return
    output.as_table([row], ("load_id", "row_number", "codes", "messages", "status", "released_reason"), "refused row")
    output.as_table([{"cell": k, "value": v} for k, v in row["original"].items()], ("cell", "value"), "original cells")


@app.command()
def export(
    load_id: int,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The CSV to write, for the client who has to mend it.")],
) -> None:
    """Write the refused rows of a load as CSV, with codes, messages and the cells as they were delivered."""
    from include.core.export import write_csv
    from include.warehouse import loads, quarantine
    from include.warehouse.database import connect

    with connect() as connection, file.open("w", newline="", encoding="utf-8") as stream:
        loads.get(connection, load_id)
        columns = [*quarantine.original_columns(connection, load_id), *quarantine.ABOUT]
        written = write_csv(stream, columns, quarantine.exported(connection, load_id))
    output.console.print(f"{written} refused rows of load {load_id} are in {file}")


@app.command()
def release(
    load_id: int,
    reason: Annotated[str, typer.Option(help="Why it may pass; it is kept in the audit entries.", prompt=True)],
    row: Annotated[int, typer.Option(help="One refused row; without it the whole held load is released.")] = 0,
) -> None:
    """Let a held load's clean rows, or one refused row, pass in the next publication."""
    import getpass

    from include.pipeline.release import release_load, release_row

    actor = getpass.getuser()
    if row:
        release_row(load_id, row, actor=actor, reason=reason)
        output.console.print(f"row {row} of load {load_id} is released; `sunledger publish` brings it in")
    else:
        release_load(load_id, actor=actor, reason=reason)
        output.console.print(f"load {load_id} is released; `sunledger publish` brings it in")
