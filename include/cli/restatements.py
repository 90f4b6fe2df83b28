"""`sunledger restatements`: readings that came after their month had gone to the archive."""

import getpass
from typing import Annotated

import typer

from include.cli import output
from include.cli.retention import Month, month_of

app = typer.Typer(no_args_is_help=True, help="Late readings of retired months, and what is decided on them.")
Organization = Annotated[str, typer.Argument(help="Name or id of the organization.")]
Meter = Annotated[int, typer.Option(help="Only this meter; without it every meter with a proposal.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the audit entries.", prompt=True)]


@app.command("list")
def list_proposals(
    organization: Annotated[str, typer.Option(help="Only those of one organization, by name or id.")] = "",
    status: Annotated[str, typer.Option(help="proposed, accepted or declined.")] = "",
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List proposals with how much came late, and what was decided."""
    from include.warehouse import registry, restatements
    from include.warehouse.database import connect

    with connect() as connection:
        owner = registry.organization_id(connection, organization) if organization else None
        rows = restatements.listing(connection, owner, status or None)
    columns = (
        "organization_id", "month_start", "meter_id", "project", "meter", "status", "late_reading_count",
        "late_energy_wh", "reason",
    )  # fmt: skip
    output.as_json(rows) if json else output.as_table(rows, columns, "restatements")


@app.command()
def accept(organization: Organization, month: Month, reason: Reason, meter: Meter = 0) -> None:
    """Bring late readings in: the month comes back, and its periods are assessed again in the next publication."""
    from include.pipeline import restatements

    done = restatements.accept(
        _id(organization), month_of(month), actor=getpass.getuser(), reason=reason, meter_id=meter or None
    )
    back = ", ".join(f"{restored:%Y-%m}" for restored in done.months) or "none"
    output.console.print(
        f"months brought back: {back}; loads to be published: {len(done.loads)}; contracts to be assessed again: "
        f"{done.contracts}; `sunledger publish` shows the result",
        markup=False,
    )


@app.command()
def decline(organization: Organization, month: Month, reason: Reason, meter: Meter = 0) -> None:
    """Leave the results as they are; the late readings stay kept aside."""
    from include.pipeline import restatements

    ended = restatements.decline(
        _id(organization), month_of(month), actor=getpass.getuser(), reason=reason, meter_id=meter or None
    )
    output.console.print(f"{ended} proposals are declined", markup=False)


def _id(organization: str) -> int:
    from include.warehouse import registry
    from include.warehouse.database import connect

    with connect() as connection:
        return registry.organization_id(connection, organization)
