"""From what a file says to typed parts, with everything that is wrong in one list.

The checks are: names (older ones are read, unknown ones refused), types and bounds, defaults, and what the fields of an
obligation must be to each other. Names of plants and meters are looked up later, by the pipeline.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from include.core import terms_aliases, terms_defaults, terms_rules
from include.core.contract_errors import (
    CONTRADICTION,
    MISSING,
    SAID_TWICE,
    UNKNOWN_FIELD,
    WRONG_VALUE,
    ContractRefused,
    Flaw,
    located,
)
from include.core.terms import Contract, ContractFile, Event, MeterTest
from include.core.terms_fields import Part
from include.core.terms_obligation import Obligation

CODES = {"extra_forbidden": UNKNOWN_FIELD, "missing": MISSING}
LISTS = ("obligations", "events", "meter_tests")
MOST_FLAWS = 100
FIELD_OF_PART = re.compile(r"[^.]+\.[^.\[]+")


@dataclass(slots=True)
class Checked:
    """A file that is right by itself; `silent` names, per obligation code, the fields that took their default."""

    contract: Contract | None = None
    obligations: list[Obligation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tests: list[MeterTest] = field(default_factory=list)
    organization: str | None = None
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def check(content: Any, lines: Mapping[str, int] | None = None) -> Checked:
    """Check a whole document; raises ContractRefused with everything that is wrong."""
    checking = _Checking(dict(lines or {}))
    checked = checking.document(content)
    if checking.flaws:
        raise ContractRefused(checking.located())
    return checked


class _Checking:
    def __init__(self, lines: dict[str, int]) -> None:
        self.lines = lines
        self.flaws: list[Flaw] = []
        # a place by today's names -> the place as the file names it
        self.said: dict[str, str] = {}
        self.checked = Checked()

    def document(self, content: Any) -> Checked:
        """Check every part."""
        if not isinstance(content, dict):
            raise ContractRefused([Flaw(WRONG_VALUE, "", "is no mapping", "begin with `contract:`")])
        for name in set(content) - set(ContractFile.model_fields):
            self._note(UNKNOWN_FIELD, str(name)[:100], "is no part of a contract file", _nearest(ContractFile))
        parts = {name: self._list(content, name) for name in LISTS}
        contract, said = content.get("contract"), self.checked
        said.organization = str(content["organization"]) if content.get("organization") is not None else None
        if contract is not None:
            said.contract = self._part(Contract, contract, terms_aliases.CONTRACT_FIELDS, "contract")
        elif parts["obligations"]:
            self._note(MISSING, "contract", "is missing", "say whose obligations these are")
        if not (contract or any(parts.values())):
            self._note(MISSING, "", "says nothing", "docs/contracts.md shows a complete file")
        for place, item in enumerate(parts["obligations"]):
            self._obligation(item, f"obligations[{place}]")
        said.events = self._parts(Event, parts["events"], terms_aliases.EVENT_FIELDS, "events")
        said.tests = self._parts(MeterTest, parts["meter_tests"], terms_aliases.TEST_FIELDS, "meter_tests")
        self._whole()
        return said

    def located(self) -> list[Flaw]:
        """The flaws with their places as the file names them, in the order of the file."""
        found = located((replace(flaw, place=self._said(flaw.place)) for flaw in self.flaws), self.lines)
        return sorted(found, key=lambda flaw: flaw.line)[:MOST_FLAWS]

    def _list(self, content: dict[str, Any], name: str) -> list[Any]:
        items = content.get(name)
        if items is None:
            return []
        if not isinstance(items, list | tuple):
            self._note(WRONG_VALUE, name, "is no list", "begin each item with a hyphen")
            return []
        return list(items)

    def _parts(self, model: type[Part], items: list[Any], aliases: Mapping[str, Any], name: str) -> list[Any]:
        found = [self._part(model, item, aliases, f"{name}[{place}]") for place, item in enumerate(items)]
        return [part for part in found if part is not None]

    def _part(self, model: type[Part], item: Any, aliases: Mapping[str, Any], place: str) -> Any:
        """A typed part; null when something is wrong with it."""
        if not isinstance(item, dict):
            return self._note(WRONG_VALUE, place, "is no mapping", "write it as `name: value`")
        reading = terms_aliases.read(item, aliases, place)
        self.flaws += reading.flaws
        self.checked.notes += reading.notes
        self.said |= {f"{place}.{name}": f"{place}.{said}" for name, said in reading.said.items()}
        if isinstance(meters := reading.values.get("meters"), dict):
            reading.values["meters"] = {role: _spelled_out(uses) for role, uses in meters.items()}
        try:
            part = model.model_validate(reading.values)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False, include_context=True):
                self._note(*_words(found, place, model))
            return None
        return part if not reading.flaws else None

    def _obligation(self, item: Any, place: str) -> None:
        said = self._part(Obligation, item, terms_aliases.FIELDS, place)
        if said is None:
            return
        obligation, silent = terms_defaults.completed(said)
        for broken in terms_rules.broken(obligation):
            self._note(broken.code, f"{place}.{broken.field}", broken.message, broken.remedy)
        if obligation.code in self.checked.silent:
            self._note(SAID_TWICE, f"{place}.code", f"{obligation.code} stands there twice", "give each its own code")
        self.checked.obligations.append(obligation)
        self.checked.silent[obligation.code] = silent

    def _whole(self) -> None:
        """What parts must be to each other."""
        contract = self.checked.contract
        if contract is not None:
            for broken in terms_rules.broken_by_contract(contract):
                self._note(broken.code, f"contract.{broken.field}", broken.message, broken.remedy)
            if contract.annual_fee is None:
                self._fee_shares(contract)
        for name, key in (("events", _event_key), ("meter_tests", _test_key)):
            seen: set[Any] = set()
            for place, part in enumerate(self.checked.events if name == "events" else self.checked.tests):
                if key(part) in seen:
                    self._note(SAID_TWICE, f"{name}[{place}]", "stands there twice", "keep one of them")
                seen.add(key(part))
                self._times(part, f"{name}[{place}]")

    def _fee_shares(self, contract: Contract) -> None:
        owners = [("contract", contract), *((f"obligations[{n}]", o) for n, o in enumerate(self.checked.obligations))]
        for place, part in owners:
            for name in terms_rules.needs_fee(part):
                self._note(
                    MISSING, f"{place}.{name}", "is a share of a fee that nobody names", "say contract.annual_fee"
                )

    def _times(self, part: Event | MeterTest, place: str) -> None:
        first, last = ("starts_at", "ends_at") if isinstance(part, Event) else ("last_good_at", "tested_at")
        begin, end = getattr(part, first), getattr(part, last)
        if end is not None and (begin.tzinfo is None) == (end.tzinfo is None) and end <= begin:
            self._note(CONTRADICTION, f"{place}.{last}", f"is not after {first}", "correct one of the two")

    def _note(self, code: str, place: str, message: str, remedy: str) -> None:
        self.flaws.append(Flaw(code, place, message, remedy))

    def _said(self, place: str) -> str:
        found = FIELD_OF_PART.match(place)
        return self.said.get(found[0], found[0]) + place[found.end() :] if found else place


def _spelled_out(uses: Any) -> Any:
    """A role's meters as a list of mappings; a bare name is one meter."""
    items = uses if isinstance(uses, list | tuple) else [uses]
    return uses if uses is None else [item if isinstance(item, dict) else {"meter": item} for item in items]


def _words(found: Mapping[str, Any], place: str, model: type[Part]) -> tuple[str, str, str, str]:
    """A validation error as code, place, message, remedy."""
    inner = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"])
    code = CODES.get(found["type"], WRONG_VALUE)
    if code == UNKNOWN_FIELD:
        return code, f"{place}{inner}", "is no field", _nearest(model, str(found["loc"][-1]))
    if code == MISSING:
        return code, f"{place}{inner}", "is missing", "fill it in"
    message = found["msg"].removeprefix("Value error, ")
    return code, f"{place}{inner}", message[:1].lower() + message[1:], "docs/contracts.md names what it may be"


def _nearest(model: type[Part], name: str = "") -> str:
    """What to write instead of an unknown name."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(model.model_fields), 1, 0.7) if name else []
    return f"did you mean {close[0]}?" if close else f"leave it out; the fields are {_listed(model.model_fields)}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names) if len(names) <= 20 else f"{', '.join(names[:8])} and more, see docs/contracts.md"


def _event_key(event: Event) -> str:
    return event.external_event_id


def _test_key(test: MeterTest) -> tuple[Any, ...]:
    return test.project, test.meter, test.tested_at
