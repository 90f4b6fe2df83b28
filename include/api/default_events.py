"""Default events: broken promises with their numbers, and the steps that people take about them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from include.api import bodies, fields, schemas
from include.api.callers import Caller, needs, people
from include.api.fields import Form, example
from include.pipeline import event_workflow
from include.warehouse import default_events
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["default events"])

Reader = Annotated[Caller, Depends(needs("evidence"))]
Status = Literal[
    "detected", "under_review", "notified", "cure_period", "cured", "confirmed", "settled", "inconclusive", "withdrawn",
    "superseded",
]  # fmt: skip
CONFLICT = {409: schemas.PROBLEM | {"description": "The event is not in a state for this."}}


class Event(BaseModel):
    """A broken promise in one revision."""

    default_event_id: UUID
    contract: str
    obligation_code: str
    metric: str
    period_type: str
    period_start_on: date
    period_end_on: date = Field(description="The last day, part of the period.")
    revision: int
    supersedes_event_id: UUID | None
    status: Status
    severity: Literal["low", "medium", "high"] | None
    unit: str
    guaranteed: Decimal | None
    actual: Decimal | None
    counted: Decimal | None
    shortfall: Decimal | None
    data_completeness_percent: Decimal | None
    ld_before_cap: Decimal | None
    ld_cap: Decimal | None = Field(description="What the caps left for this period; null without a cap.")
    ld_payable: Decimal | None
    ld_change: Decimal | None = Field(description="Against the revision before; null for the first.")
    currency_code: str | None
    payment_amount: Decimal | None = Field(description="Null while the exchange rate of the day is missing.")
    payment_currency_code: str | None
    detected_at: datetime
    notified_on: date | None
    cure_until_on: date | None = Field(description="The last day to cure, part of it, at the plant.")
    cure_ends_at: datetime | None = Field(description="The instant after it.")


class Revision(BaseModel):
    """One result of the same period."""

    default_event_id: UUID
    revision: int
    status: Status
    ld_payable: Decimal | None
    detected_at: datetime


class Shown(Event):
    """One event with how its numbers came about."""

    expected: Decimal | None
    deemed: Decimal | None
    availability_percent: Decimal | None
    raw_availability_percent: Decimal | None
    excused_hours: Decimal
    excused_hours_by_class: dict[str, Any]
    missing_policy: str
    rounding: str
    calculation: dict[str, Any] = Field(description="Every step from inputs to result, unrounded and rounded.")
    revisions: list[Revision] = Field(description="Every result of the period, the oldest first.")


class Events(BaseModel):
    """A page of events, newest first."""

    items: list[Event]
    next_after: UUID | None = Field(description="Pass as `after` for the next page; null at the end.")


class Step(Form):
    """Why a step is taken."""

    model_config = example({"reason": "the meter was checked on site"})

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S", description="Kept in the audit trail.")


class Notice(Step):
    """Why and when notice was given."""

    model_config = example({"reason": "letter of 10 March", "on": "2026-03-10"})

    on: date | None = Field(default=None, description="Day of the notice at the plant; default: today.")


class Moved(BaseModel):
    """Where an event stands after a step."""

    default_event_id: UUID
    previous_status: Status
    status: Status
    notified_on: date | None
    cure_until_on: date | None
    cure_ends_at: datetime | None
    remarks: list[str] = Field(description="What a person should know, such as how days were counted.")


@router.get("/default-events", summary="List broken promises", responses=schemas.COMMON)
def events(
    caller: Reader,
    contract: Annotated[str | None, Query(max_length=200, description="Number of the contract.")] = None,
    obligation_code: Annotated[
        str | None, Query(max_length=63, description="Code of the promise in its contract.")
    ] = None,
    status: Annotated[Status | None, Query(description="Only events in this state.")] = None,
    from_on: Annotated[date | None, Query(description="Only periods with a day from here on.")] = None,
    to_on: Annotated[date | None, Query(description="Only periods with a day up to here.")] = None,
    with_superseded: Annotated[bool, Query(description="Also what later revisions replaced.")] = False,
    after: fields.AfterUuid = None,
    limit: fields.ShortLimit = 50,
) -> Events:
    """Your organization's default events, newest first, without superseded revisions unless asked for."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        rows = default_events.listing(
            connection,
            contract=contract,
            obligation_code=obligation_code,
            status=status,
            from_on=from_on,
            to_on=to_on,
            with_superseded=with_superseded,
            after=after,
            limit=limit,
        )
    return Events(
        items=[Event(**row) for row in rows],
        next_after=rows[-1]["default_event_id"] if len(rows) == limit else None,
    )


@router.get("/default-events/{event_id}", summary="Show a broken promise", responses=schemas.COMMON)
def event(caller: Reader, event_id: UUID) -> Shown:
    """Its numbers, every step of the calculation, and the other revisions of its period."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return Shown(**default_events.one(connection, event_id))


@router.post(
    "/default-events/{event_id}/notify",
    summary="Note that notice was given",
    responses=schemas.COMMON | schemas.BODY | CONFLICT,
    openapi_extra=schemas.json_request(Notice),
)
def notify(
    caller: Annotated[Caller, Depends(people("admin"))],
    order: Annotated[Notice, Depends(bodies.of(Notice))],
    event_id: UUID,
) -> Moved:
    """Where the contract gives time to cure, it runs from that day on. For administrators and owners."""
    return _step(caller, event_id, "notify", order.reason, order.on)


@router.post(
    "/default-events/{event_id}/{action}",
    summary="Take a step with a broken promise",
    responses=schemas.COMMON | schemas.BODY | CONFLICT,
    openapi_extra=schemas.json_request(Step),
)
def step(
    caller: Annotated[Caller, Depends(people("admin"))],
    order: Annotated[Step, Depends(bodies.of(Step))],
    event_id: UUID,
    action: Literal["review", "cure", "confirm", "settle", "withdraw"],
) -> Moved:
    """Only the state moves, never a number. For administrators and owners."""
    return _step(caller, event_id, action, order.reason)


def _step(caller: Caller, event_id: UUID, action: str, reason: str, on: date | None = None) -> Moved:
    moved = event_workflow.step(
        event_id, action, actor=caller.name, reason=reason, on=on, organization_id=caller.organization_id
    )
    return Moved(**moved._asdict())
