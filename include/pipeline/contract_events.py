"""Events of plants and tests of meters: compared with what is stored, added as versions, and which days they touch.

A time without offset is one of the plant's clocks. Whole days of a plant are touched, of the contracts that have terms
and look at the meter; a test touches what the contract's rule for meter errors corrects.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from include.core.contract_errors import (
    CONTRADICTION,
    MISSING,
    UNKNOWN_NAME,
    WRONG_VALUE,
    ContractRefused,
    Flaw,
    located,
)
from include.core.terms import Event, MeterTest
from include.core.terms_check import Checked
from include.pipeline.contract_days import Days, NoInstant, clipped, local_day, span, utc
from include.pipeline.contract_plant import find_meter
from include.pipeline.contract_terms import as_text
from include.pipeline.contract_versions import Terms, last_day
from include.warehouse import audit, plant_events, reference
from include.warehouse import contracts as store
from include.warehouse.database import Connection

TIMES = {"plant_event": ("starts_at", "ends_at", "notified_at"), "meter_test": ("tested_at", "last_good_at")}
# stands for the id of a contract that the same file makes
NOT_YET = 0
MOST_LISTED = 1000


@dataclass(slots=True)
class Happening:
    """An event or a test; `values` are its columns, `before` its newest version, `contract` the only one concerned."""

    table: str
    name: str
    values: dict[str, Any]
    plant: dict[str, Any]
    contract: str | None = None
    before: dict[str, Any] | None = None

    @property
    def changed(self) -> list[str]:
        """The columns that differ from what is stored."""
        if self.before is None:
            return list(self.values)
        return [name for name, value in self.values.items() if self.before[name] != value]

    def words(self) -> str:
        """What is new about it."""
        if self.before is None:
            return f"new {self.name}{self._when()}"
        return f"{self.name}: {', '.join(map(self._difference, self.changed))}"

    def _difference(self, name: str) -> str:
        """A changed column; ids by what they name."""
        after = self.values[name]
        if name == "contract_id":
            return f"concerns {self.contract or 'every contract of the plant'}"
        if name == "project_id":
            return f"is about {self.plant['name']}"
        if name == "meter_id":
            meters = {meter["meter_id"]: meter["name"] for meter in self.plant["meters"]}
            return f"concerns {meters[after]}" if after else "concerns the whole plant"
        return f"{name} {_text(self.before[name])} becomes {_text(after)}"

    def _when(self) -> str:
        if self.table == "meter_test":
            percent, since = self.values["error_share"] * 100, _text(self.values["last_good_at"])
            return f", reads {as_text(percent)} percent too high, last good at {since}"
        end = self.values["ends_at"]
        return f", {self.values['event_class']}, {_text(self.values['starts_at'])} to {_text(end) if end else 'now'}"


@dataclass(slots=True)
class _Finding:
    """Finds what parts of a file name."""

    connection: Connection
    organization_id: int
    terms: Terms | None
    flaws: list[Flaw] = field(default_factory=list)
    plants: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def happening(self, table: str, part: Event | MeterTest, place: str) -> Happening | None:
        """The part with ids for names and instants for times; null when something does not exist."""
        known = len(self.flaws)
        plant = self._plant(part, place)
        if plant is None:
            return None
        values = {"is_withdrawn": bool(part.is_withdrawn)}
        for name in TIMES[table]:
            values[name] = self._instant(getattr(part, name), plant, f"{place}.{name}")
        values["meter_id"] = self._meter(part, plant, place)
        contract = None
        if isinstance(part, Event):
            contract = self._contract(part, plant, place)
            values |= {"external_event_id": part.external_event_id, "project_id": plant["project_id"]}
            values |= {"event_class": part.event_class, "description": part.description or ""}
            values |= {"document_sha256": part.document_sha256}
            name, order = f"event {part.external_event_id} at {plant['name']}", ("starts_at", "ends_at")
        else:
            values |= {"error_share": part.error_share, "certificate_sha256": part.certificate_sha256}
            name, order = f"test of {part.meter} at {_text(values['tested_at'])}", ("last_good_at", "tested_at")
        first, last = (values[name] for name in order)
        if first and last and last <= first:
            self.flaws.append(
                Flaw(CONTRADICTION, f"{place}.{order[1]}", f"is not after {order[0]}", "correct one of the two")
            )
        values = {"organization_id": self.organization_id, **values}
        return Happening(table, name, values, plant, contract) if len(self.flaws) == known else None

    def _plant(self, part: Event | MeterTest, place: str) -> dict[str, Any] | None:
        if part.project is None:
            if self.terms is None:
                self.flaws.append(Flaw(MISSING, f"{place}.project", "is missing", "name the plant"))
                return None
            return self.terms.plant
        if part.project not in self.plants:
            found = reference.find(self.connection, "project", self.organization_id, part.project)
            self.plants[part.project] = (
                store.plant(self.connection, self.organization_id, int(found)) if found is not None else None
            )
        plant = self.plants[part.project]
        if plant is None:
            message = f"there is no plant {part.project!r}"
            self.flaws.append(Flaw(UNKNOWN_NAME, f"{place}.project", message, "register it, or correct its name"))
        return plant

    def _meter(self, part: Event | MeterTest, plant: Mapping[str, Any], place: str) -> int | None:
        if part.meter is None:
            return None
        meter = find_meter(plant, part.meter)
        if isinstance(meter, dict):
            return meter["meter_id"]
        self.flaws.append(Flaw(UNKNOWN_NAME, f"{place}.meter", meter, "register it, or correct its name"))
        return None

    def _contract(self, event: Event, plant: Mapping[str, Any], place: str) -> str | None:
        if event.contract is None or (self.terms and self.terms.number == event.contract):
            return event.contract
        known = store.find(self.connection, self.organization_id, event.contract)
        if known is None or known["project_id"] != plant["project_id"]:
            message = f"{plant['name']} has no contract {event.contract!r}"
            self.flaws.append(Flaw(UNKNOWN_NAME, f"{place}.contract", message, "correct its number"))
        return event.contract

    def _instant(self, at: datetime | None, plant: Mapping[str, Any], place: str) -> datetime | None:
        try:
            return None if at is None else utc(at, plant["time_zone"])
        except NoInstant as error:
            self.flaws.append(Flaw(WRONG_VALUE, place, str(error), "write it with its offset, such as +02:00"))
            return None


def happenings(
    connection: Connection, checked: Checked, organization_id: int, terms: Terms | None, lines: Mapping[str, int]
) -> list[Happening]:
    """The events and tests of a file that differ from what is stored."""
    finding = _Finding(connection, organization_id, terms)
    parts = [("plant_event", part, f"events[{n}]") for n, part in enumerate(checked.events)]
    parts += [("meter_test", part, f"meter_tests[{n}]") for n, part in enumerate(checked.tests)]
    found = [finding.happening(*part) for part in parts]
    if finding.flaws:
        raise ContractRefused(located(finding.flaws, lines))
    events = [one for one in found if one and one.table == "plant_event"]
    tests = [one for one in found if one and one.table == "meter_test"]
    stored = plant_events.current_events(
        connection, organization_id, [one.values["external_event_id"] for one in events]
    )
    for one in events:
        one.before = stored.get(one.values["external_event_id"])
        one.values["contract_id"] = _contract_id(connection, one)
    stored_tests = plant_events.current_tests(connection, organization_id, [one.values["meter_id"] for one in tests])
    for one in tests:
        one.before = stored_tests.get((one.values["meter_id"], one.values["tested_at"]))
    return [one for one in [*events, *tests] if one.changed]


def touched(
    connection: Connection, organization_id: int, found: list[Happening], terms: Terms | None
) -> Iterator[Days]:
    """The days of contracts that the happenings, or their versions before, may change."""
    versions = [values for one in found for values in (one.before, one.values) if values]
    plants = {values["project_id"] for values in versions if "project_id" in values}
    plants |= {one.plant["project_id"] for one in found}
    contracts = plant_events.assessed_contracts(connection, organization_id, sorted(plants))
    if terms is not None:
        others = [contract for contract in contracts if contract["external_contract_id"] != terms.number]
        contracts = [*others, _as_assessed(terms, contracts)]
    for one in found:
        for contract in contracts:
            for values in filter(None, (one.before, one.values)):
                yield from _days(one, values, contract)


def write(connection: Connection, found: list[Happening], actor: str, reason: str) -> None:
    """Add the happenings, or their next versions; the contracts that they concern exist by now."""
    for one in found:
        values = one.values | {"applied_by": actor}
        if one.table == "plant_event":
            values["contract_id"] = _contract_id(connection, one)
        plant_events.put(connection, one.table, values, one.before["version"] + 1 if one.before else 1)
    for table, what in (("plant_event", "plant events"), ("meter_test", "meter tests")):
        changes = [one.words() for one in found if one.table == table]
        if changes:
            audit.record(
                connection,
                actor=actor,
                action=f"apply {what}",
                subject=f"{len(changes)} {what}",
                reason=reason,
                organization_id=found[0].values["organization_id"],
                details={"changes": changes[:MOST_LISTED]},
            )


def _contract_id(connection: Connection, one: Happening) -> int | None:
    """The id of the only contract that an event concerns."""
    if one.contract is None:
        return None
    known = store.find(connection, one.values["organization_id"], one.contract)
    return known["contract_id"] if known else NOT_YET


def _as_assessed(terms: Terms, contracts: list[dict[str, Any]]) -> dict[str, Any]:
    """The file's contract as it will be."""
    stored = next((c for c in contracts if c["external_contract_id"] == terms.number), {"meters": []})
    meters = [
        {"meter_id": m["meter_id"], "role": m["role"], "lookback": one.obligation.meter_error_lookback}
        for one in terms.settled
        for m in one.meters
    ]
    return {
        "contract_id": terms.known["contract_id"] if terms.known else NOT_YET,
        "external_contract_id": terms.number,
        "project_id": terms.plant["project_id"],
        "ends_on": terms.contract["ends_on"],
        "assess_from_on": terms.assessed_from,
        "meters": [*stored["meters"], *meters],
    }


def _days(one: Happening, values: Mapping[str, Any], contract: Mapping[str, Any]) -> Iterator[Days]:
    if contract["project_id"] != values.get("project_id", one.plant["project_id"]):
        return
    if values.get("contract_id") not in {None, contract["contract_id"]}:
        return
    zone_name, meter_id = one.plant["time_zone"], values["meter_id"]
    looked_at = [meter for meter in contract["meters"] if meter["meter_id"] == meter_id]
    if values["is_withdrawn"] or (meter_id is not None and not looked_at):
        return
    if one.table == "plant_event":
        first, last = span(values["starts_at"], values["ends_at"], zone_name, local_day(datetime.now(UTC), zone_name))
    else:
        since = _corrected_since(values, {meter["lookback"] for meter in looked_at if meter["role"] != "irradiance"})
        if since is None:
            return
        first, last = span(since, values["tested_at"], zone_name, local_day(since, zone_name))
    bounds = (contract["assess_from_on"], last_day(contract["ends_on"], zone_name))
    days = clipped(contract["external_contract_id"], first, last, bounds, one.name)
    if days is not None:
        yield days


def _corrected_since(test: Mapping[str, Any], rules: set[str]) -> datetime | None:
    """The instant from which on the widest of the contract's rules corrects readings; null: none does."""
    if "full" in rules:
        return test["last_good_at"]
    if "half" in rules:
        return test["last_good_at"] + (test["tested_at"] - test["last_good_at"]) / 2
    return None


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}".replace(":00Z", "Z")
    return "(not said)" if value in (None, "") else as_text(value)
