"""The readings of a pack, and the slots they fill: what each meter read in every interval of the period.

Energy is in W h, power in W, irradiance in W/m2, time in seconds since 1970 UTC; all arithmetic is decimal.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

if __package__:
    from include.evidence.offline.verify_terms import ZERO, Terms, instant, number
else:
    from verify_terms import ZERO, Terms, instant, number

HOUR = Decimal(3600)
MEASURES = ("energy_wh", "energy_total_wh", "power_w", "irradiance_wm2", "temperature_c")
# a meter may deliver a little more than its rating
HEADROOM = Decimal("1.2")


class Reading(NamedTuple):
    """One reading; absent measures are None."""

    at: int
    seconds: int
    source: str
    is_measured: bool
    energy_wh: Decimal | None
    energy_total_wh: Decimal | None
    power_w: Decimal | None
    irradiance_wm2: Decimal | None
    temperature_c: Decimal | None


class Series(NamedTuple):
    """The readings of one meter and local day that count: one source, one interval length."""

    source: str | None
    seconds: int
    phase: int
    readings: list[Reading]


@dataclass(slots=True)
class Slot:
    """One interval of one measured meter."""

    meter_id: int
    day_on: str
    number: int
    start: int
    seconds: int
    quality: str | None = None
    energy_wh: Decimal | None = None
    power_w: Decimal | None = None
    sensed_wm2: Decimal | None = None
    temperature_c: Decimal | None = None
    correction_wh: Decimal = ZERO
    substitution: str | None = None
    is_expected: bool | None = None
    is_sun_decided: bool = False
    model_wh: Decimal | None = None
    is_known: bool = False
    is_up: bool = False
    is_up_as_read: bool = False
    power_min_w: Decimal = ZERO
    helped: dict[int, "Help"] = field(default_factory=dict)

    @property
    def is_measured_energy(self) -> bool:
        """Whether a reading told its energy."""
        return self.energy_wh is not None and self.substitution is None

    @property
    def end(self) -> int:
        """The first second after it."""
        return self.start + self.seconds

    @property
    def irradiance_wm2(self) -> Decimal | None:
        """What the sensors said; they read a little below zero at night."""
        return None if self.sensed_wm2 is None else max(ZERO, self.sensed_wm2)


@dataclass(slots=True)
class Help:
    """What another meter says of a slot, by the time that its readings share with it."""

    energy_wh: Decimal = ZERO
    energy_seconds: int = 0
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    shared: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def mean(self, name: str) -> Decimal | None:
        """A measure's mean over the shared time."""
        return self.sums[name] / self.shared[name] if self.shared.get(name) else None


class Plant:
    """All readings of a pack, by meter and in order."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self.terms = Terms(documents)
        self.readings: dict[int, list[Reading]] = defaultdict(list)
        # readings before and after the period, up to the next register
        self.beside: dict[int, list[Reading]] = defaultdict(list)
        for kept, rows in (
            (self.readings, documents["readings"]),
            (self.beside, documents["substitutions"]["readings_beside"]),
        ):
            for row in rows:
                kept[row["meter_id"]].append(_reading(row))
        self.preferences = {meter["meter_id"]: meter for meter in self.terms.meters}

    def modulus_wh(self, meter_id: int) -> Decimal | None:
        """The value after which a meter's register starts again at zero."""
        return number(self.preferences[meter_id]["register_modulus_wh"])

    def limit_w(self, meter_id: int, unknown: Decimal) -> Decimal:
        """The most that a meter can deliver."""
        rated, plant = (
            number(self.preferences[meter_id]["rated_power_w"]),
            number(self.terms.plant["installed_ac_capacity_kw"]),
        )
        if rated is None:
            rated = unknown if plant is None else 1000 * plant
        return HEADROOM * rated

    def between(self, meter_id: int, start: int, end: int) -> list[Reading]:
        """The readings of a meter that begin in a span."""
        rows = self.readings[meter_id]
        return rows[bisect_left(rows, start, key=lambda r: r.at) : bisect_left(rows, end, key=lambda r: r.at)]

    def series(self, meter_id: int, start: int, end: int, silent_seconds: int) -> Series:
        """The series of a meter that counts on a day: as its owner prefers, else the one that measured most."""
        candidates: dict[tuple[str, int], list[Reading]] = defaultdict(list)
        for reading in self.between(meter_id, start, end):
            candidates[reading.source, reading.seconds].append(reading)
        if not candidates:
            return Series(None, silent_seconds, 0, [])
        prefers = self.preferences[meter_id]

        def rank(item: tuple[tuple[str, int], list[Reading]]) -> tuple[Any, ...]:
            (source, seconds), rows = item
            with_energy = [row for row in rows if row.energy_wh is not None]
            return (
                source != prefers["preferred_source_system"],
                seconds != prefers["reading_interval_seconds"],
                -seconds * sum(row.is_measured for row in with_energy),
                -seconds * len(with_energy),
                -seconds * sum(row.is_measured for row in rows),
                -seconds,
                source,
            )

        (source, seconds), rows = min(candidates.items(), key=rank)
        return Series(source, seconds, min((row.at - start) % seconds for row in rows), rows)


def _reading(row: Mapping[str, Any]) -> Reading:
    at, is_measured = int(instant(row["timestamp"])), row["quality"] == "measured"
    measures = (number(row.get(name)) for name in MEASURES)
    return Reading(at, row["reading_interval_seconds"], row["source_system"], is_measured, *measures)
