"""Applies contract files: first everything is compared and planned, then written at once or not at all.

A change of terms is a new version beside the old ones; the same file again changes nothing. Days that a change touches
are asked to be assessed again: of this contract only, and none before the change takes effect.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from include.core.contract_errors import MISSING, NO_REASON, UNKNOWN_NAME, ContractRefused, Flaw
from include.core.terms import Contract
from include.core.terms_check import Checked, check
from include.pipeline import contract_terms, contract_words
from include.pipeline.contract_days import Days, clipped, local_day, merged
from include.pipeline.contract_plant import Settled, settle
from include.warehouse import audit, reassessments, reference
from include.warehouse import contracts as store
from include.warehouse.database import Connection, connect


@dataclass(slots=True)
class Plan:
    """What applying a file does, in words; `outcome` is new, changed, unchanged or none (the file has no contract)."""

    contract: str = ""
    outcome: str = "none"
    version: int = 0
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reassessed: list[Days] = field(default_factory=list)
    is_written: bool = False

    @property
    def is_change(self) -> bool:
        """Whether applying writes anything."""
        return bool(self.changes)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def words(self) -> list[str]:
        """The plan for people, a line each."""
        again = [f"assessed again: {days.contract}, {days.from_on} to {days.to_on}" for days in self.reassessed]
        silent = [f"{code}, by default: {', '.join(names)}" for code, names in self.silent.items() if names]
        if not self.changes:
            return [*self.notes, "nothing changes: this is what is stored already"]
        done = "applied" if self.is_written else "planned, nothing is written"
        return [*self.notes, *silent, *self.changes, *again, done]


@dataclass(slots=True)
class _Terms:
    """The terms of a file at their plant, compared with what is stored."""

    contract: dict[str, Any]
    settled: list[Settled]
    plant: dict[str, Any]
    known: dict[str, Any] | None
    versions: list[dict[str, Any]]
    terms: dict[str, Any]

    @property
    def is_same(self) -> bool:
        return bool(self.versions) and self.versions[-1]["terms_sha256"] == contract_terms.sha256(self.terms)


def plan(document: Mapping[str, Any], organization_id: int, *, lines: Mapping[str, int] | None = None) -> Plan:
    """Say what applying a document would do; nothing is written."""
    checked = check(document, lines)
    with connect() as connection:
        return _compared(connection, checked, organization_id, lines or {})[0]


def apply(
    document: Mapping[str, Any],
    organization_id: int,
    *,
    actor: str,
    reason: str = "",
    lines: Mapping[str, int] | None = None,
) -> Plan:
    """Apply a document, whole or not at all; a change of what is stored needs a reason."""
    checked = check(document, lines)
    with connect() as connection:
        store.lock(connection, organization_id)
        made, terms = _compared(connection, checked, organization_id, lines or {})
        if not made.is_change:
            return made
        if made.outcome == "changed" and not reason.strip():
            flaw = Flaw(NO_REASON, "", "changes what is stored, and nobody says why", "give a reason")
            raise ContractRefused([flaw])
        if terms is not None and made.outcome != "unchanged":
            _write(connection, terms, made, organization_id, actor, reason.strip())
        made.is_written = True
    return made


def _compared(
    connection: Connection, checked: Checked, organization_id: int, lines: Mapping[str, int]
) -> tuple[Plan, _Terms | None]:
    made = Plan(notes=list(checked.notes), silent=checked.silent)
    if checked.contract is None:
        return made, None
    terms = _terms(connection, checked, organization_id, lines)
    made.contract = terms.contract["external_contract_id"]
    made.version = len(terms.versions) + (not terms.is_same)
    made.notes += [note for one in terms.settled for note in one.notes]
    made.outcome = "unchanged" if terms.is_same else "changed" if terms.versions else "new"
    if not terms.is_same:
        made.changes += _changes(terms)
        made.reassessed = merged(filter(None, [_touched(terms, made.version)]))
    return made, terms


def _terms(connection: Connection, checked: Checked, organization_id: int, lines: Mapping[str, int]) -> _Terms:
    said = checked.contract
    known = store.find(connection, organization_id, said.external_contract_id)
    project_id = _project(connection, organization_id, said, known)
    plant = store.plant(connection, organization_id, project_id)
    versions = store.versions(connection, organization_id, known["contract_id"]) if known else []
    contract = _completed(said, known, plant, versions)
    settled = [
        settle(one, plant, f"obligations[{place}]", lambda ids: store.has_irradiance(connection, organization_id, ids))
        for place, one in enumerate(checked.obligations)
    ]
    flaws = [flaw for one in settled for flaw in one.flaws]
    flaws += _unknown_currencies(connection, contract, checked)
    if flaws:
        raise ContractRefused([Flaw(f.code, f.place, f.message, f.remedy, lines.get(f.place, 0)) for f in flaws])
    terms = contract_terms.normalised(contract, settled)
    return _Terms(contract, settled, plant, known, versions, terms)


def _project(connection: Connection, organization_id: int, said: Contract, known: Mapping[str, Any] | None) -> int:
    if said.project is None:
        if known is None:
            remedy = "name its plant, or load the contract as reference data first"
            raise ContractRefused([Flaw(MISSING, "contract.project", "is missing, for the contract is new", remedy)])
        return known["project_id"]
    found = reference.find(connection, "project", organization_id, said.project)
    if found is None:
        message = f"there is no plant {said.project!r}"
        raise ContractRefused([Flaw(UNKNOWN_NAME, "contract.project", message, "register it, or correct its name")])
    if known is not None and found != known["project_id"]:
        message = f"the contract is about {known['project']}"
        remedy = "give a contract about another plant its own number"
        raise ContractRefused([Flaw(UNKNOWN_NAME, "contract.project", message, remedy)])
    return int(found)


def _completed(
    said: Contract, known: Mapping[str, Any] | None, plant: Mapping[str, Any], versions: list[dict[str, Any]]
) -> dict[str, Any]:
    """The head of the file with what follows from the register, the plant and the terms before."""
    values = said.model_dump()
    register = known or {}
    for name in contract_terms.HEAD:
        stored = register.get({"starts_on": "effective_on"}.get(name, name))
        values[name] = stored if values[name] is None else values[name]
    first = versions[0] if versions else {}
    before = versions[-1] if versions else {}
    starts_on = values["starts_on"]
    values["effective_on"] = values["effective_on"] or before.get("effective_on") or starts_on
    values["assess_from_on"] = values["assess_from_on"] or before.get("assess_from_on") or starts_on
    missing = [name for name in ("name", "currency_code", "effective_on") if not values[name]]
    if missing:
        flaws = [Flaw(MISSING, f"contract.{name}", "is missing", "say it") for name in missing]
        raise ContractRefused(flaws)
    values["assess_from_on"] = values["assess_from_on"] or first.get("effective_on") or values["effective_on"]
    values["year_anchor_on"] = values["year_anchor_on"] or plant["cod_date"] or starts_on or values["effective_on"]
    values["contract_type"] = values["contract_type"] or "PPA"
    values["status"] = values["status"] or "ACTIVE"
    return values | {"project": plant["name"], "project_id": plant["project_id"]}


def _unknown_currencies(connection: Connection, contract: Mapping[str, Any], checked: Checked) -> list[Flaw]:
    said = {"contract.currency_code": contract["currency_code"]}
    for place, one in enumerate(checked.obligations):
        if one.payment_currency_code:
            said[f"obligations[{place}].payment_currency_code"] = one.payment_currency_code
    known = store.known_currencies(connection, set(said.values()))
    remedy = "use a code of ISO 4217, such as EUR"
    return [
        Flaw(UNKNOWN_NAME, place, f"there is no currency {code}", remedy)
        for place, code in said.items()
        if code not in known
    ]


def _changes(terms: _Terms) -> list[str]:
    if terms.versions:
        return list(contract_words.differences(terms.versions[-1]["terms"], terms.terms))
    currency = terms.contract["currency_code"]
    head = terms.terms["contract"]
    return [
        f"new contract {head['external_contract_id']}: {head['name']}, about {head['project']}",
        *(f"all damages together {cap}" for cap in contract_words.caps(head, currency)),
        *(f"new promise {contract_words.promise(one, currency)}" for one in terms.terms["obligations"]),
    ]


def _touched(terms: _Terms, version: int) -> Days | None:
    """From when on the new terms govern, until today; the first terms also govern what began before them."""
    contract = terms.contract
    assessed_from = min([contract["assess_from_on"], *(before["assess_from_on"] for before in terms.versions)])
    first = contract["effective_on"] if terms.versions else assessed_from
    bounds = (assessed_from, last_day(contract["ends_on"], terms.plant["time_zone"]))
    reason = f"version {version} of the terms"
    return clipped(contract["external_contract_id"], first, bounds[1], bounds, reason)


def last_day(ends_on: date | None, zone_name: str) -> date:
    """The last day that can have been assessed: today at the plant, or the contract's last."""
    today = local_day(datetime.now(UTC), zone_name)
    return today if ends_on is None else min(today, ends_on)


def _write(connection: Connection, terms: _Terms, made: Plan, organization_id: int, actor: str, reason: str) -> None:
    contract_id = _register(connection, terms, organization_id)
    own = {"organization_id": organization_id, "contract_id": contract_id}
    digest = contract_terms.sha256(terms.terms)
    version_id = store.add_version(
        connection,
        own
        | contract_terms.version_row(terms.contract)
        | {"version": made.version, "terms": terms.terms, "terms_sha256": digest}
        | {"reason": reason, "applied_by": actor},
    )
    stamp = own | {
        "contract_version_id": version_id,
        "version": made.version,
        "valid_from_on": terms.contract["effective_on"],
    }
    known = store.newest_obligations(connection, organization_id, contract_id)
    for one in terms.settled:
        row = stamp | contract_terms.obligation_row(one.obligation)
        years = contract_terms.year_rows(one.obligation)
        store.add_obligation(connection, row, contract_terms.meter_rows(one), years)
    codes = {one.obligation.code for one in terms.settled}
    for row in known:
        if row["obligation_code"] not in codes:
            store.withdraw_obligation(connection, row, stamp)
    for days in made.reassessed:
        reassessments.ask(
            connection, organization_id, contract_id, days.from_on, days.to_on, reason=days.reason, requested_by=actor
        )
    audit.record(
        connection,
        actor=actor,
        action="apply contract",
        subject=terms.contract["external_contract_id"],
        reason=reason,
        organization_id=organization_id,
        details={"version": made.version, "terms_sha256": digest, "changes": made.changes[:1000]},
    )


def _register(connection: Connection, terms: _Terms, organization_id: int) -> int:
    """Put the contract itself, as reference data does; returns its id."""
    said = terms.contract
    values = {"organization_id": organization_id, "external_contract_id": said["external_contract_id"]}
    values |= {"project_id": said["project_id"], "name": said["name"], "counterparty": said["counterparty"]}
    values |= {"contract_type": said["contract_type"], "status": said["status"]}
    values |= {"currency_code": said["currency_code"], "effective_on": said["starts_on"], "ends_on": said["ends_on"]}
    key = ("organization_id", "external_contract_id")
    reference.put(connection, "contract", key, values, is_stamped=True)
    return store.find(connection, organization_id, said["external_contract_id"])["contract_id"]
