"""`sunledger migrate | prepare | publish | status | dsn`: the warehouse itself."""

from typing import Annotated

import typer

from include.cli import output
from include.core import settings


def migrate() -> None:
    """Bring the database of WAREHOUSE_URL to the newest schema and set the service passwords."""
    from include.warehouse.migrate import migrate as run

    output.console.print(f"the warehouse is at revision {run(settings.required('WAREHOUSE_URL'))}")


def prepare(docs: Annotated[bool, typer.Option(help="Generate the dbt docs as well.")] = True) -> None:
    """Create the dbt views that judging reads, and the dbt docs."""
    from include.pipeline import dbt

    dbt.prepare()
    if docs:
        dbt.docs()


def publish(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Build and test everything that was accepted since the last publication, and make it final."""
    from include.pipeline.publish import publish as run

    closed = run()
    if json:
        output.as_json(closed)
    elif closed is None:
        output.console.print("nothing waits to be published")
    else:
        output.as_table([closed], list(closed), "publication")


def status(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show loads, row accounting, readings, refused rows, publications and sites."""
    from include.warehouse import summary
    from include.warehouse.database import connect

    with connect() as connection:
        collected = summary.collect(connection)
    if json:
        output.as_json(collected)
        return
    from include.local.summary import render

    render(collected)


def dsn(role: Annotated[str, typer.Option(help="loader, transformer, api or reader")] = "reader") -> None:
    """Print the connection URL of a service role, for psql and other clients."""
    print(settings.warehouse_url(role))  # noqa: T201
