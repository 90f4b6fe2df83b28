"""Compares what a pack states with what its readings, weather, events and terms make, number by number."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

if __package__:
    from include.evidence.offline import verify_days, verify_result, verify_slots, verify_terms
    from include.evidence.offline.verify_terms import text, utc_text
else:
    import verify_days
    import verify_result
    import verify_slots
    import verify_terms
    from verify_terms import text, utc_text

# money is compared exactly; sums of energy and ratios as far as the warehouse stores them
TOLERANCE = Decimal("1e-6")
EXACT = ("ld_before_cap", "ld_cap", "ld_payable", "payment_amount")

Row = dict[str, Any]
Question = tuple[str, Callable[[], Iterable[str]]]


class Recomputed:
    """Everything that can be computed from a pack's readings, weather, events and terms."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents

    @cached_property
    def slots(self) -> list[verify_slots.Slot]:
        """Every slot of the measured meters."""
        return list(verify_slots.of_documents(self.documents))

    @cached_property
    def days(self) -> list[Row]:
        """The sums of every meter and day."""
        return verify_days.of_slots(self.documents, self.slots)

    @cached_property
    def result(self) -> Row:
        """What the promise came to."""
        return verify_result.of_documents(self.documents, self.days)

    def weather(self) -> list[Row]:
        """Irradiance (W/m2) and module temperature (degrees Celsius) of every slot that knows one."""
        return [
            {
                "meter_id": slot.meter_id,
                "timestamp": utc_text(slot.start),
                "irradiance_wm2": _text(slot.irradiance_wm2),
                "module_temperature_c": _text(slot.temperature_c),
            }
            for slot in self.slots
            if slot.irradiance_wm2 is not None or slot.temperature_c is not None
        ]

    def substitutions(self) -> list[Row]:
        """Every slot that something stood in for, with what did and how much energy it gave, W h."""
        return [{"meter_id": day["meter_id"], **row} for day in self.days for row in day["substitutions"]]


def questions(documents: Mapping[str, Any]) -> list[Question]:
    """What to recompute, in words, and how to find the differences."""
    found = Recomputed(documents)
    return [
        ("weather", lambda: _rows("weather.json", documents["weather"]["slots"], found.weather())),
        (
            "substitutions",
            lambda: _rows("substitutions.json", documents["substitutions"]["slots"], found.substitutions()),
        ),
        ("aggregates", lambda: aggregates(documents, found)),
        ("calculation", lambda: calculation(documents, found)),
    ]


def aggregates(documents: Mapping[str, Any], found: Recomputed) -> Iterator[str]:
    """Differences of the days; every reading of a measured meter has to lie in one of them."""
    stated = sorted(documents["aggregates"]["days"], key=lambda day: (day["meter_id"], day["day_on"]))
    if len(stated) != len(found.days):
        yield f"{len(stated)} days are stated, the slots make {len(found.days)}"
    for day, made in zip(stated, found.days, strict=False):
        place = f"meter {day['meter_id']}, {day['day_on']}"
        yield from _different(place, day, {name: value for name, value in made.items() if name in day})
    known = {(day["meter_id"], day["day_on"]) for day in stated}
    event, terms = documents["manifest"]["event"], verify_terms.Terms(documents)
    measured = {meter["meter_id"] for meter in terms.measured}
    for reading in documents["readings"]:
        on_day = verify_terms.local_day(reading["timestamp"], event["time_zone"])
        if reading["meter_id"] in measured and (reading["meter_id"], on_day) not in known:
            yield f"the reading of meter {reading['meter_id']} at {reading['timestamp']} lies in no day"


def calculation(documents: Mapping[str, Any], found: Recomputed) -> Iterator[str]:
    """Differences of the result, computed from the recomputed days."""
    stated = documents["calculation"]
    if stated["outcome"] != found.result["outcome"]:
        yield f"the outcome is stated as {stated['outcome']}, but comes to {found.result['outcome']}"
    made = {name: value for name, value in found.result.items() if name != "outcome"}
    yield from _different("result", stated["result"], made)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else text(value)


def _rows(place: str, stated: list[Row], found: list[Row]) -> Iterator[str]:
    if len(stated) != len(found):
        yield f"{place} has {len(stated)} slots, the readings make {len(found)}"
    for one, other in zip(stated, found, strict=False):
        yield from _different(f"{place}, meter {other['meter_id']} at {other['timestamp']}", one, other)


def _different(place: str, stated: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if not _is_same(stated[name], value, is_exact=name in EXACT):
            yield f"{place}: {name} is stated as {_shown(stated[name])}, but comes to {_shown(value)}"


def _is_same(stated: Any, found: Any, *, is_exact: bool) -> bool:
    if isinstance(found, Mapping):
        return stated.keys() == found.keys() and all(
            _is_same(stated[name], found[name], is_exact=is_exact) for name in found
        )
    if stated is None or not isinstance(found, Decimal | int) or isinstance(found, bool):
        return stated == found
    apart, size = abs(Decimal(stated) - found), abs(Decimal(found))
    return apart <= (0 if is_exact else TOLERANCE * max(1, size / 10**6))


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return str({name: _shown(inner) for name, inner in value.items()})
    return text(value) if isinstance(value, Decimal) else str(value)
