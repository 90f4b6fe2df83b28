"""`sunledger events`: default events, and what people do about them."""

import getpass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Default events: broken promises, their numbers and their state.")
COLUMNS = (
    "default_event_id", "contract", "obligation_code", "period_start_on", "period_end_on", "revision", "status",
    "ld_payable", "currency_code",
)  # fmt: skip
NUMBERS = (
    "expected", "guaranteed", "actual", "deemed", "counted", "shortfall", "unit", "availability_percent",
    "raw_availability_percent", "data_completeness_percent", "excused_hours", "ld_before_cap", "ld_cap", "ld_payable",
    "ld_change", "currency_code", "payment_amount", "payment_currency_code", "rounding", "missing_policy",
)  # fmt: skip
NOTICE = ("notified_on", "cure_until_on", "cure_ends_at")
REVISIONS = ("revision", "status", "ld_payable", "detected_at", "default_event_id")

Event = Annotated[str, typer.Argument(help="Id of the event, as `events list` shows it.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the audit entries.", prompt=True)]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_events(
    organization: Annotated[str, typer.Option(help="Only of this organization, name or id.")] = "",
    contract: Annotated[str, typer.Option(help="Only of the contract with this number.")] = "",
    obligation: Annotated[str, typer.Option(help="Only of the promise with this code.")] = "",
    status: Annotated[str, typer.Option(help="Only in this state.")] = "",
    since: Day = None,
    until: Day = None,
    all_: Annotated[bool, typer.Option("--all", help="Superseded revisions as well.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 30,
    json: Json = False,
) -> None:
    """List the newest events, without superseded ones."""
    from include.warehouse import default_events, registry
    from include.warehouse.database import connect

    with connect() as connection:
        rows = default_events.listing(
            connection,
            organization_id=registry.organization_id(connection, organization) if organization else None,
            contract=contract or None,
            obligation_code=obligation or None,
            status=status or None,
            from_on=_day(since),
            to_on=_day(until),
            with_superseded=all_,
            limit=limit,
        )
    output.as_json(rows) if json else output.as_table(rows, COLUMNS, "default events")


@app.command()
def show(event: Event, json: Json = False) -> None:
    """Show an event: its numbers, every step of its calculation, its revisions."""
    from include.warehouse import default_events
    from include.warehouse.database import connect

    with connect() as connection:
        row = default_events.one(connection, _id(event))
    if json:
        output.as_json(row)
        return
    output.as_table([row], (*COLUMNS[1:7], "severity", *NOTICE), f"default event {event}")
    numbers = [{"what": name.replace("_", " "), "value": row[name]} for name in NUMBERS if row[name] is not None]
    output.as_table(numbers, ("what", "value"), "result")
    output.as_table(row["calculation"]["steps"], ("name", "formula", "inputs", "unrounded", "rounded"), "calculation")
    output.as_table(
        row["revisions"], ("revision", "status", "ld_payable", "detected_at", "default_event_id"), "revisions"
    )


@app.command()
def review(event: Event, reason: Reason, json: Json = False) -> None:
    """Take an event up: somebody looks at it."""
    _step(event, "review", reason, json)


@app.command()
def notify(
    event: Event,
    reason: Reason,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the notice at the plant; default today.")
    ] = None,
    json: Json = False,
) -> None:
    """Note that notice was given; where the contract gives time to cure, it runs from that day on."""
    _step(event, "notify", reason, json, _day(on))


@app.command()
def cure(event: Event, reason: Reason, json: Json = False) -> None:
    """Note that the breach was cured in its time."""
    _step(event, "cure", reason, json)


@app.command()
def confirm(event: Event, reason: Reason, json: Json = False) -> None:
    """Note that the breach stands."""
    _step(event, "confirm", reason, json)


@app.command()
def settle(event: Event, reason: Reason, json: Json = False) -> None:
    """Note that a cured or confirmed breach is paid or otherwise done with."""
    _step(event, "settle", reason, json)


@app.command()
def withdraw(event: Event, reason: Reason, json: Json = False) -> None:
    """Take an event back; the same result does not bring it up again, another one does."""
    _step(event, "withdraw", reason, json)


def _step(event: str, action: str, reason: str, json: bool, on: date | None = None) -> None:
    from include.pipeline import event_workflow

    moved = event_workflow.step(_id(event), action, actor=getpass.getuser(), reason=reason, on=on)
    if json:
        output.as_json(moved._asdict())
        return
    output.console.print(f"event {event} is {moved.status}, it was {moved.previous_status}", markup=False)
    if moved.cure_until_on and action == "notify":
        output.console.print(f"cure until {moved.cure_until_on}, that is before {moved.cure_ends_at}", markup=False)
    for remark in moved.remarks:
        output.console.print(remark, markup=False)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _id(text: str) -> UUID:
    from include.core.errors import NotFound

    try:
        return UUID(text)
    except ValueError:
        raise NotFound(
            f"{text!r} is no id of an event", remedy="`sunledger events list` shows the known ones"
        ) from None
