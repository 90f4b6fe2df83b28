"""The terms of a file at their plant, compared with the versions that are stored, and written as the next one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from include.core.contract_errors import MISSING, UNKNOWN_NAME, ContractRefused, Flaw, located
from include.core.terms import Contract
from include.core.terms_check import Checked
from include.pipeline import contract_terms, contract_words
from include.pipeline.contract_days import Days, clipped, local_day
from include.pipeline.contract_plant import Settled, settle
from include.warehouse import audit, reference
from include.warehouse import contracts as store
from include.warehouse.database import Connection


@dataclass(slots=True)
class Terms:
    """The terms of a file; `contract` is its completed head, `known` the contract as it is registered."""

    organization_id: int
    contract: dict[str, Any]
    settled: list[Settled]
    plant: dict[str, Any]
    known: dict[str, Any] | None
    versions: list[dict[str, Any]]
    terms: dict[str, Any]

    @property
    def number(self) -> str:
        """The contract's number."""
        return self.contract["external_contract_id"]

    @property
    def is_same(self) -> bool:
        """Whether the newest version says just this."""
        return bool(self.versions) and self.versions[-1]["terms_sha256"] == contract_terms.sha256(self.terms)

    @property
    def version(self) -> int:
        """The version that these terms are."""
        return len(self.versions) + (not self.is_same)

    @property
    def assessed_from(self) -> date:
        """The first day that any version assesses."""
        return min([self.contract["assess_from_on"], *(before["assess_from_on"] for before in self.versions)])

    def changes(self) -> Iterator[str]:
        """What is new, in words."""
        if self.versions:
            yield from contract_words.differences(self.versions[-1]["terms"], self.terms)
            yield from self._overtaken()
            return
        currency, head = self.contract["currency_code"], self.terms["contract"]
        yield f"new contract {self.number}: {head['name']}, about {head['project']}, from {head['effective_on']} on"
        yield from (f"all damages together {cap}" for cap in contract_words.caps(head, currency))
        yield from (f"new promise {contract_words.promise(one, currency)}" for one in self.terms["obligations"])

    def touched(self) -> Days | None:
        """From when on the terms govern, until today; the first version also governs what began before it."""
        first = self.contract["effective_on"] if self.versions else self.assessed_from
        bounds = (self.assessed_from, last_day(self.contract["ends_on"], self.plant["time_zone"]))
        return clipped(self.number, first, bounds[1], bounds, f"version {self.version} of the terms")

    def _overtaken(self) -> Iterator[str]:
        effective_on = self.contract["effective_on"]
        for before in self.versions:
            if before["effective_on"] > effective_on:
                number, was = before["version"], before["effective_on"]
                yield f"version {number}, which was to govern from {was} on, is replaced from {effective_on} on"


def terms_of(connection: Connection, checked: Checked, organization_id: int, lines: Mapping[str, int]) -> Terms:
    """Find the plant, its meters and what is stored; raises ContractRefused with everything that does not exist."""
    said = checked.contract
    known = store.find(connection, organization_id, said.external_contract_id)
    plant = store.plant(connection, organization_id, _project(connection, organization_id, said, known))
    versions = store.versions(connection, organization_id, known["contract_id"]) if known else []
    contract = _completed(said, known, plant, versions)
    settled = [
        settle(one, plant, f"obligations[{place}]", lambda ids: store.has_irradiance(connection, organization_id, ids))
        for place, one in enumerate(checked.obligations)
    ]
    flaws = [flaw for one in settled for flaw in one.flaws]
    flaws += _unknown_currencies(connection, contract, checked)
    if flaws:
        raise ContractRefused(located(flaws, lines))
    terms = contract_terms.normalised(contract, settled)
    return Terms(organization_id, contract, settled, plant, known, versions, terms)


def last_day(ends_on: date | None, zone_name: str) -> date:
    """The last day that can have been assessed: today at the plant, or the contract's last."""
    today = local_day(datetime.now(UTC), zone_name)
    return today if ends_on is None else min(today, ends_on)


def write(connection: Connection, terms: Terms, actor: str, reason: str, changes: list[str]) -> None:
    """Add the version with all its promises; those that it does not name any more are gone from its first day on."""
    contract_id = _register(connection, terms)
    own = {"organization_id": terms.organization_id, "contract_id": contract_id}
    digest = contract_terms.sha256(terms.terms)
    version_id = store.add_version(
        connection,
        own
        | contract_terms.version_row(terms.contract)
        | {"version": terms.version, "terms": terms.terms, "terms_sha256": digest}
        | {"reason": reason, "applied_by": actor},
    )
    stamp = own | {
        "contract_version_id": version_id,
        "version": terms.version,
        "valid_from_on": terms.contract["effective_on"],
    }
    known = store.newest_obligations(connection, terms.organization_id, contract_id)
    for one in terms.settled:
        row = stamp | contract_terms.obligation_row(one.obligation)
        years = contract_terms.year_rows(one.obligation)
        store.add_obligation(connection, row, contract_terms.meter_rows(one), years)
    codes = {one.obligation.code for one in terms.settled}
    for row in known:
        if row["obligation_code"] not in codes:
            store.withdraw_obligation(connection, row, stamp)
    audit.record(
        connection,
        actor=actor,
        action="apply contract",
        subject=terms.number,
        reason=reason,
        organization_id=terms.organization_id,
        details={"version": terms.version, "terms_sha256": digest, "changes": changes},
        input_hash=digest,
    )


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
    register = {**known, "starts_on": known["effective_on"]} if known else {"contract_type": "PPA", "status": "ACTIVE"}
    before = versions[-1] if versions else {}
    spoken = {name: value for name, value in said.model_dump().items() if value is not None}
    values = {name: register.get(name) for name in contract_terms.HEAD} | spoken
    starts_on = values["starts_on"]
    values.setdefault("effective_on", before.get("effective_on") or starts_on)
    values.setdefault("assess_from_on", before.get("assess_from_on") or starts_on or values["effective_on"])
    missing = [name for name in ("name", "currency_code", "effective_on") if not values[name]]
    if missing:
        raise ContractRefused([Flaw(MISSING, f"contract.{name}", "is missing", "say it") for name in missing])
    values.setdefault("year_anchor_on", plant["cod_date"] or starts_on or values["effective_on"])
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


def _register(connection: Connection, terms: Terms) -> int:
    """Put the contract itself, as reference data does; returns its id."""
    said = terms.contract
    values = {"organization_id": terms.organization_id, "external_contract_id": terms.number}
    values |= {name: said[name] for name in contract_terms.HEAD if name != "starts_on"}
    values |= {"project_id": said["project_id"], "effective_on": said["starts_on"]}
    key = ("organization_id", "external_contract_id")
    reference.put(connection, "contract", key, values, is_stamped=True)
    return store.find(connection, terms.organization_id, terms.number)["contract_id"]
