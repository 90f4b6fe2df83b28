"""All commands in one place: names, options, help. Each calls the same functions that the Dags call.

Exit codes: 0 done; 1 the data was refused or a check failed; 2 wrong usage or configuration; 3 try again later.
"""

import sys

import typer

from include.cli import (
    audit,
    contracts,
    credentials,
    demo,
    events,
    evidence,
    exits,
    extract,
    files,
    keys,
    loads,
    members,
    quarantine,
    reference,
    restatements,
    retention,
    sites,
    warehouse,
)
from include.core.errors import SunledgerError, WarehouseUnavailable

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command("ingest")(files.ingest)
app.command("extract")(extract.extract)
app.command("migrate")(warehouse.migrate)
app.command("prepare")(warehouse.prepare)
app.command("publish")(warehouse.publish)
app.command("status")(warehouse.status)
app.command("dsn")(warehouse.dsn)
app.add_typer(loads.app, name="loads")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sites.app, name="sites")
app.add_typer(credentials.app, name="credentials")
app.add_typer(members.app, name="members")
app.add_typer(keys.app, name="keys")
app.add_typer(reference.app, name="reference")
app.add_typer(contracts.app, name="contracts")
app.add_typer(audit.app, name="audit")
app.add_typer(events.app, name="events")
app.add_typer(evidence.app, name="evidence")
app.add_typer(retention.app, name="retention")
app.add_typer(restatements.app, name="restatements")
app.add_typer(demo.app, name="demo")


def main() -> None:
    """Run a command; a named error becomes one line on standard error and an exit code that a script can use."""
    from psycopg import OperationalError

    from include.local import environment

    environment.load()
    try:
        app()
    except SunledgerError as error:
        _end(error)
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        _end(WarehouseUnavailable(reason, remedy="is it running? `make run` starts the local one"))


def _end(error: SunledgerError) -> None:
    print(error, file=sys.stderr)  # noqa: T201 -- the command line's own error channel
    raise SystemExit(exits.exit_code(error)) from None
