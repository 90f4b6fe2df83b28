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
    """Show loads, row accounting, readings, refused rows, publications, sites and accounts that need a person."""
    from include.pipeline import credential_upkeep
    from include.warehouse import summary
    from include.warehouse.database import connect

    with connect() as connection:
        collected = summary.collect(connection)
    attention = credential_upkeep.needing_attention()
    if json:
        output.as_json(collected | {"credentials_needing_attention": attention})
        return
    from include.local.summary import render

    output.console.print(render(collected))
    columns = ("source_system", "name", "is_active", "last_sync_status", "credential_state", "failed_from",
               "failed_until", "last_sync_error")  # fmt: skip
    if troubled := [site for site in collected["sites"] if summary.needs_a_look(site)]:
        output.as_table(troubled, columns, "sites that need a look")
    for line in [
        *map(credential_upkeep.describe, attention),
        *map(credential_upkeep.describe_key, collected["worn_vault_keys"]),
    ]:
        output.console.print(line, style="yellow", markup=False)


def dsn(role: Annotated[str, typer.Option(help="loader, transformer, api or reader")] = "reader") -> None:
    """Print the connection URL of a service role, for psql and other clients."""
    print(settings.warehouse_url(role))  # noqa: T201
