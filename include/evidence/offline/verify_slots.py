"""From readings to slots: what each meter did, and what weather it had, in every interval of the period.

The second implementation of the rules in docs/evidence.md; it shares no code with the warehouse, which is SQL.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

if __package__:
    from include.evidence.offline.verify_fill import Gap, fill, gaps_of
    from include.evidence.offline.verify_readings import HOUR, Help, Plant, Reading, Slot
    from include.evidence.offline.verify_terms import ZERO, Terms, error_share, instant, sun_elevation_deg
else:
    from verify_fill import Gap, fill, gaps_of
    from verify_readings import HOUR, Help, Plant, Reading, Slot
    from verify_terms import ZERO, Terms, error_share, instant, sun_elevation_deg

SUN_ELEVATION_DEG = 5  # where neither a sensor nor the contract says more


def of_documents(documents: Mapping[str, Any]) -> Iterator[Slot]:
    """Every slot of the measured meters, by meter and time, with its value and its weather."""
    from_days = sorted(documents["aggregates"]["days"], key=lambda day: (day["meter_id"], day["day_on"]))
    plant = Plant(documents)
    gaps = {meter["meter_id"]: gaps_of(plant, meter["meter_id"]) for meter in plant.terms.measured}
    for day in from_days:
        yield from day_slots(plant, day, gaps[day["meter_id"]], documents["substitutions"]["meter_tests"])


def day_slots(
    plant: Plant, day: Mapping[str, Any], gaps: Sequence[Gap], tests: Sequence[Mapping[str, Any]]
) -> list[Slot]:
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
    fill(plant, slots, gaps, tests)
    for slot in slots:
        if slot.substitution is not None and slot.power_w is None:
            slot.is_up = slot.energy_wh * HOUR / slot.seconds > slot.power_min_w
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
        slot.is_expected = light > ZERO and light >= (terms.number("irradiance_min_wm2") or ZERO)
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


def _value(terms: Terms, slot: Slot, tests: Sequence[Mapping[str, Any]]) -> None:
    """Energy at the contract's boundary, corrected for the meter's error, and whether the plant was up."""
    power = slot.power_w if slot.energy_wh is None else slot.energy_wh * HOUR / slot.seconds
    limits = [terms.need("power_min_w")]
    if terms.capacity_w[slot.meter_id] is not None:
        limits.append(terms.need("power_min_share") * terms.capacity_w[slot.meter_id])
    slot.power_min_w, slot.is_known = max(limits), power is not None
    slot.is_up = slot.is_up_as_read = power is not None and power > slot.power_min_w
    if slot.energy_wh is not None:
        delivered = slot.energy_wh * (1 - terms.need("loss_factor"))
        slot.energy_wh = delivered / (1 + error_share(terms.words["meter_error_lookback"], tests, slot.start))
        slot.correction_wh = slot.energy_wh - delivered


def _mean(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
