"""What people do about a default event: review, notify, cure, confirm, settle, withdraw.

Only the state moves, with a reason and an audit entry; numbers are never edited. Which state may follow which is the
database's to say (`canonical.may_follow`).
"""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from include.core.errors import ConfigurationError, Conflict, IllegalState
from include.pipeline import cure
from include.warehouse import audit, default_events
from include.warehouse.database import Connection, connect

STATES = {
    "review": "under_review",
    "notify": "notified",
    "cure": "cured",
    "confirm": "confirmed",
    "settle": "settled",
    "withdraw": "withdrawn",
}


class Moved(NamedTuple):
    """Where an event stands after a step, and what the notice set going."""

    default_event_id: UUID
    previous_status: str
    status: str
    notified_on: date | None
    cure_until_on: date | None
    cure_ends_at: Any
    remarks: list[str]


def step(
    default_event_id: UUID,
    action: str,
    *,
    actor: str,
    reason: str,
    on: date | None = None,
    organization_id: int | None = None,
) -> Moved:
    """Take one step with an event.

    on: the day of the notice, in the calendar of the plant; default today.
    organization_id: only an event of this organization is there.
    Raises `IllegalState` when the step may not follow, `Conflict` when the day fits no notice, and
    `ConfigurationError` without a reason.
    """
    if not reason.strip():
        raise ConfigurationError("a step needs a reason", remedy="give --reason")
    if on and action != "notify":
        raise ConfigurationError("only a notice has a day", remedy="leave the day out")
    with connect() as connection:
        event = default_events.take(connection, default_event_id, organization_id)
        _require(connection, event, action)
        default_events.move(connection, default_event_id, STATES[action])
        remarks = _give_notice(connection, event, on or event["today_on"]) if action == "notify" else _remarks(event)
        after = default_events.take(connection, default_event_id)
        dates = {name: after[name] for name in ("notified_on", "cure_until_on", "cure_ends_at")}
        audit.record(
            connection,
            actor=actor,
            action=f"{action} default event",
            subject=f"default event {default_event_id}",
            reason=reason,
            organization_id=event["organization_id"],
            details={
                "from": event["status"],
                "to": after["status"],
                "revision": event["revision"],
                **{name: value.isoformat() for name, value in dates.items() if value and action == "notify"},
                "remarks": remarks,
            },
        )
    return Moved(default_event_id, event["status"], after["status"], *dates.values(), remarks)


def _require(connection: Connection, event: dict[str, Any], action: str) -> None:
    """Raise unless the step may follow; a step to the state that is there already is none."""
    status = event["status"]
    if status != STATES[action] and default_events.may_follow(connection, status, STATES[action]):
        return
    remedy = "look at the newest revision of the period" if status == "superseded" else "show the event, and see docs"
    raise IllegalState(f"the event is {status}, so there is nothing to {action}", remedy=remedy)


def _give_notice(connection: Connection, event: dict[str, Any], notified_on: date) -> list[str]:
    """Keep the day of the notice; where the terms give time to cure, it runs from then on."""
    if not event["period_end_on"] < notified_on <= event["today_on"]:
        raise Conflict(
            f"{notified_on} is no day for a notice",
            remedy=f"name a day after the period, which ended on {event['period_end_on']}, and not after today",
        )
    event_id, remarks, until = event["default_event_id"], [], None
    if event["cure_days"]:
        until = cure.period(notified_on, event["cure_days"], event["day_count"], event["time_zone"], event["country"])
        remarks.append(f"{event['cure_days']} {until.counted} to cure")
    default_events.note_notice(
        connection, event_id, notified_on, until.until_on if until else None, until.ends_at if until else None
    )
    if until:
        default_events.move(connection, event_id, "cure_period")
    return remarks


def _remarks(event: dict[str, Any]) -> list[str]:
    if event["status"] == "cure_period" and event["cure_until_on"] >= event["today_on"]:
        return [f"the time to cure runs until {event['cure_until_on']}"]
    return []
