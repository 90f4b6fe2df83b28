"""From readings to slots: what each meter did, and what weather it had, in every interval of the period.

The second implementation of the rules in docs/evidence.md; it shares no code with the warehouse, which is SQL. Energy
is in W h, power in W, irradiance in W/m2, time in seconds since 1970 UTC; all arithmetic is decimal.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

if __package__:
    from include.evidence.offline.verify_terms import ZERO, Terms, error_share, instant, number, sun_elevation_deg
else:
    from verify_terms import ZERO, Terms, error_share, instant, number, sun_elevation_deg

HOUR = Decimal(3600)
SUN_ELEVATION_DEG = 5  # where neither a sensor nor the contract says more
MEASURES = ("energy_wh", "energy_total_wh", "power_w", "irradiance_wm2", "temperature_c")


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
    helped: dict[int, "Help"] = field(default_factory=dict)

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
        for row in documents["readings"]:
            measures = (number(row.get(name)) for name in MEASURES)
            is_measured = row["quality"] == "measured"
            reading = (int(instant(row["timestamp"])), row["reading_interval_seconds"], row["source_system"])
            self.readings[row["meter_id"]].append(Reading(*reading, is_measured, *measures))
        self.preferences = {meter["meter_id"]: meter for meter in self.terms.meters}

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


def of_documents(documents: Mapping[str, Any]) -> Iterator[Slot]:
    """Every slot of the measured meters, by meter and time, with its value and its weather."""
    from_days = sorted(documents["aggregates"]["days"], key=lambda day: (day["meter_id"], day["day_on"]))
    plant = Plant(documents)
    for day in from_days:
        yield from day_slots(plant, day, documents["substitutions"]["meter_tests"])


def day_slots(plant: Plant, day: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> list[Slot]:
    """The slots of one meter's day."""
    meter_id, start, end = day["meter_id"], int(instant(day["day_start"])), int(instant(day["day_end"]))
    series = plant.series(meter_id, start, end, day["reading_interval_seconds"])
    count = max(1, int((Decimal(end - start) / series.seconds).quantize(Decimal(1), "ROUND_HALF_UP")))
    slots = [
        Slot(meter_id, day["day_on"], n, start + series.phase + n * series.seconds, series.seconds)
        for n in range(count)
    ]
    slots[-1].seconds = end - start - (count - 1) * series.seconds
    placed: dict[int, list[Reading]] = defaultdict(list)
    for reading in series.readings:
        placed[min((reading.at - start) // series.seconds, count - 1)].append(reading)
    for n, rows in placed.items():
        _place(slots[n], rows)
    for helper in plant.terms.meters:
        if helper["role"] != "measured":
            _help(plant, slots, helper["meter_id"], (start, end, series.seconds))
    corrections = [test for test in tests if test["meter_id"] == meter_id]
    for slot in slots:
        _see(plant.terms, slot)
        _value(plant.terms, slot, corrections)
    return slots


def _place(slot: Slot, rows: list[Reading]) -> None:
    """Put the readings of a slot together."""
    energies = [row.energy_wh for row in rows if row.energy_wh is not None]
    slot.energy_wh = sum(energies) if energies else None
    slot.power_w, slot.sensed_wm2, slot.temperature_c = (
        _mean([getattr(row, name) for row in rows]) for name in ("power_w", "irradiance_wm2", "temperature_c")
    )
    valued = [row for row in rows if row.energy_wh is not None or row.power_w is not None]
    slot.quality = None if not valued else "measured" if any(row.is_measured for row in valued) else "estimated"


def _help(plant: Plant, slots: list[Slot], meter_id: int, day: tuple[int, int, int]) -> None:
    """Share another meter's readings among the slots by the time they have in common."""
    start, end, seconds = day
    series, grid = plant.series(meter_id, start, end, seconds), slots[0].start
    if series.source is None:
        return
    for row in plant.between(meter_id, grid - series.seconds + 1, grid + end - start):
        if (row.source, row.seconds) != (series.source, series.seconds):
            continue
        begins, ends = row.at - grid, row.at - grid + row.seconds
        for n in range(max(0, begins // seconds), min((ends - 1) // seconds, len(slots) - 1) + 1):
            # the last slot has what the others leave of the day
            upto = end - start if n == len(slots) - 1 else (n + 1) * seconds
            shared = min(ends, upto) - max(begins, n * seconds)
            help_ = slots[n].helped.setdefault(meter_id, Help())
            for name in ("irradiance_wm2", "temperature_c"):
                value = getattr(row, name)
                if value is not None:
                    help_.sums[name] += value * shared
                    help_.shared[name] += shared
            if row.energy_wh is not None:
                help_.energy_wh += row.energy_wh * shared / row.seconds
                help_.energy_seconds += shared


def _see(terms: Terms, slot: Slot) -> None:
    """Weather, and whether the plant ought to run: the contract's sensors first, else the meter, else the sun."""
    for role, name, own in (
        ("irradiance", "irradiance_wm2", "sensed_wm2"),
        ("module_temperature", "temperature_c", "temperature_c"),
    ):
        known = [
            slot.helped[meter["meter_id"]].mean(name)
            for meter in terms.helpers(role)
            if meter["meter_id"] in slot.helped
        ]
        sensed = _mean(known)
        if sensed is not None:
            setattr(slot, own, sensed)
    basis, light = terms.words["expected_from"], slot.irradiance_wm2
    slot.is_sun_decided = basis == "irradiance" and light is None
    if basis == "always":
        slot.is_expected = True
    elif basis == "irradiance" and light is not None:
        slot.is_expected = light > (terms.number("irradiance_min_wm2") or ZERO)
    else:
        slot.is_expected = _is_day(terms, slot)
    peak, ratio = terms.capacity_kwp[slot.meter_id], terms.number("expected_performance_ratio")
    if None not in (peak, ratio, light):
        slot.model_wh = peak * ratio * light * slot.seconds / HOUR


def _is_day(terms: Terms, slot: Slot) -> bool | None:
    latitude, longitude = terms.plant["latitude"], terms.plant["longitude"]
    if latitude is None or longitude is None:
        return None
    least = terms.number("sun_elevation_min_deg")
    elevation = sun_elevation_deg(float(latitude), float(longitude), slot.start + slot.seconds / 2)
    return elevation > (SUN_ELEVATION_DEG if least is None else least)


def _value(terms: Terms, slot: Slot, tests: list[Mapping[str, Any]]) -> None:
    """Energy at the contract's boundary, corrected for the meter's error, and whether the plant was up."""
    power = slot.power_w if slot.energy_wh is None else slot.energy_wh * HOUR / slot.seconds
    limits = [terms.need("power_min_w")]
    if terms.capacity_w[slot.meter_id] is not None:
        limits.append(terms.need("power_min_share") * terms.capacity_w[slot.meter_id])
    slot.is_known = power is not None
    slot.is_up = slot.is_up_as_read = power is not None and power > max(limits)
    if slot.energy_wh is not None:
        delivered = slot.energy_wh * (1 - terms.need("loss_factor"))
        slot.energy_wh = delivered / (1 + error_share(terms.words["meter_error_lookback"], tests, slot.start))
        slot.correction_wh = slot.energy_wh - delivered


def _mean(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
