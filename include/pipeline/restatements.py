"""A person decides on late readings of months that retention took away: bring them in, or leave results as they are."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from include.core.errors import ConfigurationError
from include.pipeline.process import replay
from include.retention import months
from include.warehouse import audit, restatements, retention
from include.warehouse.database import Connection, connect


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting did: months that came back, loads that wait for the next publication, contracts to be assessed."""

    months: list[date]
    loads: list[int]
    contracts: int


def accept(
    organization_id: int, month_start: date, *, actor: str, reason: str, meter_id: int | None = None
) -> Accepted:
    """Bring late readings in: their months come back, their loads are judged again, and periods assessed again.

    The next publication shows the result; afterwards retention takes the months away again. Everything before the
    decision may be repeated, so after a kill it is just called again.
    """
    _require_reason(reason)
    with connect() as connection:
        proposals = restatements.undecided(connection, organization_id, month_start, meter_id)
        place = (organization_id, month_start, [proposal["meter_id"] for proposal in proposals])
        behind = restatements.months_behind(connection, *place)
        load_ids = restatements.late_loads(connection, *place)
    with retention.exclusive():
        for month in behind:
            months.restore(month, actor=actor, reason=reason)
        for load_id in load_ids:
            replay(load_id, actor=actor, reason=reason)
        with connect() as connection:
            contracts = restatements.ask_for_reassessment(connection, *place, actor)
            for proposal in proposals:
                _decide(connection, proposal, "accepted", actor, reason)
    return Accepted(behind, load_ids, contracts)


def decline(organization_id: int, month_start: date, *, actor: str, reason: str, meter_id: int | None = None) -> int:
    """Leave the results of a month as they are, although readings came late; returns how many proposals it ends."""
    _require_reason(reason)
    with connect() as connection:
        proposals = restatements.undecided(connection, organization_id, month_start, meter_id)
        for proposal in proposals:
            _decide(connection, proposal, "declined", actor, reason)
    return len(proposals)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError("a decision needs a reason", remedy="give --reason")


def _decide(connection: Connection, proposal: dict[str, Any], decision: str, actor: str, reason: str) -> None:
    restatements.decide(connection, proposal, decision, decided_by=actor, reason=reason)
    audit.record(
        connection,
        actor=actor,
        action="accept restatement" if decision == "accepted" else "decline restatement",
        subject=f"meter {proposal['meter_id']} in {proposal['month_start']:%Y-%m}",
        reason=reason,
        organization_id=proposal["organization_id"],
        details={"late_reading_count": proposal["late_reading_count"], "late_energy_wh": proposal["late_energy_wh"]},
    )
