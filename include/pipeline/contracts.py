"""Applies contract files: first everything is compared and planned, then written at once or not at all.

A change of terms is a new version beside the old ones, a corrected event a new version of the event; the same file
again changes nothing. Days that a change touches are asked to be assessed again: of the contracts concerned only, and
none before the change takes effect.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from include.core.contract_errors import ARCHIVED, NO_REASON, ContractRefused, Flaw
from include.core.terms_check import Checked, check
from include.pipeline import contract_events, contract_versions
from include.pipeline.contract_days import Days, merged
from include.pipeline.contract_events import Happening
from include.pipeline.contract_plan import Plan
from include.pipeline.contract_versions import Terms
from include.warehouse import contracts as store
from include.warehouse import reassessments
from include.warehouse.database import Connection, connect

Lines = Mapping[str, int]


def plan(document: Mapping[str, Any], organization_id: int, *, lines: Lines | None = None) -> Plan:
    """Say what applying a document would do; nothing is written. Raises ContractRefused with everything wrong in it."""
    checked = check(document, lines)
    with connect() as connection:
        made, _, _ = _compared(connection, checked, organization_id, lines or {})
    return made


def apply(
    document: Mapping[str, Any], organization_id: int, *, actor: str, reason: str = "", lines: Lines | None = None
) -> Plan:
    """Apply a document, whole or not at all; a change of what is stored needs a reason.

    document: as docs/contracts.md describes it; numbers are decimals, integers or texts, never binary fractions
    lines:    where the document says what, for messages
    """
    checked = check(document, lines)
    with connect() as connection:
        store.lock(connection, organization_id)
        reassessments.keep_months(connection)
        made, terms, found = _compared(connection, checked, organization_id, lines or {})
        if made.needs_reason and not reason.strip():
            raise ContractRefused(
                [Flaw(NO_REASON, "", "changes what is stored, and nobody says why", "apply it with a reason")]
            )
        if made.changes:
            _write(connection, made, terms, found, organization_id, actor, reason.strip())
    return made


def _compared(
    connection: Connection, checked: Checked, organization_id: int, lines: Lines
) -> tuple[Plan, Terms | None, list[Happening]]:
    made = Plan(notes=list(checked.notes), silent=checked.silent)
    terms, days = None, []
    if checked.contract is not None:
        terms = contract_versions.terms_of(connection, checked, organization_id, lines)
        made.contract, made.version = terms.number, terms.version
        made.notes += [note for one in terms.settled for note in one.notes]
        made.outcome = "unchanged" if terms.is_same else "changed" if terms.versions else "new"
        if not terms.is_same:
            made.changes += terms.changes()
            days.append(terms.touched())
    found = contract_events.happenings(connection, checked, organization_id, terms, lines)
    made.changes += [one.words() for one in found]
    made.needs_reason = made.outcome == "changed" or any(one.before for one in found)
    if found:
        days += contract_events.touched(connection, organization_id, found, terms)
    made.reassessed = merged(filter(None, days))
    _require_readings(connection, organization_id, made.reassessed)
    return made, terms, found


def _require_readings(connection: Connection, organization_id: int, days: Sequence[Days]) -> None:
    """Days without their readings would be assessed as silent ones, and what was claimed of them taken back."""
    flaws = []
    for asked in days:
        if months := reassessments.archived_months(connection, organization_id, asked.from_on, asked.to_on):
            names = ", ".join(f"{month:%Y-%m}" for month in months)
            what = f"days of {asked.contract} are to be assessed again, and their readings are in the archive: {names}"
            remedy = "let the change hold from a later day on, or bring them back first: sunledger retention restore"
            flaws.append(Flaw(ARCHIVED, "", what, remedy))
    if flaws:
        raise ContractRefused(flaws)


def _write(
    connection: Connection,
    made: Plan,
    terms: Terms | None,
    found: list[Happening],
    organization_id: int,
    actor: str,
    reason: str,
) -> None:
    if terms is not None and not terms.is_same:
        contract_versions.write(connection, terms, actor, reason, list(terms.changes()))
    if found:
        contract_events.write(connection, found, actor, reason)
    for days in made.reassessed:
        contract_id = store.find(connection, organization_id, days.contract)["contract_id"]
        reassessments.ask(
            connection, organization_id, contract_id, days.from_on, days.to_on, reason=days.reason, requested_by=actor
        )
    made.is_written = True
