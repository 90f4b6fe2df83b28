"""From slots to days: what excused a slot, which one category it has, and the sums of each meter and local day.

The columns are those of aggregates.json; every number is recomputed here from the readings and the plant events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

if __package__:
    from include.evidence.offline.verify_excuses import Happening, happening, length, united, whole, without
    from include.evidence.offline.verify_readings import HOUR, Slot
    from include.evidence.offline.verify_terms import ZERO, Terms, text, utc_text
else:
    from verify_excuses import Happening, happening, length, united, whole, without
    from verify_readings import HOUR, Slot
    from verify_terms import ZERO, Terms, text, utc_text

CATEGORIES = ("produced", "not_producing", "excused", "no_data", "out_of_specification")


@dataclass(slots=True)
class Judged:
    """A slot with its category, and how many of its seconds are of each."""

    slot: Slot
    category: str
    seconds: dict[str, Decimal]
    excuse: Mapping[str, Any] | None
    is_due: bool
    is_deemed: bool


def of_slots(documents: Mapping[str, Any], slots: Iterable[Slot]) -> list[dict[str, Any]]:
    """The sums of every meter and day, by meter and day; `slots` are those of `verify_slots.of_documents`."""
    terms = Terms(documents)
    happenings = [happening(terms, event) for event in documents["excused_events"]["events"]]
    by_day = groupby(slots, key=lambda slot: (slot.meter_id, slot.day_on))
    return [_sums(terms, key, [judge(terms, slot, happenings) for slot in of_day]) for key, of_day in by_day]


def judge(terms: Terms, slot: Slot, happenings: Iterable[Happening]) -> Judged:
    """Give a slot its category: the first of the contract's list that applies."""
    met = [
        one
        for one in happenings
        if one.event["meter_id"] in {None, slot.meter_id} and one.starts < slot.end and one.ends > slot.start
    ]
    excuses = sorted(
        (one for one in met if one.is_excuse), key=lambda one: (one.rank, one.starts, one.event["plant_event_id"])
    )
    excused = united(slot, excuses)
    is_excused = 2 * length(excused) >= slot.seconds and bool(excuses)
    is_due = slot.is_up if slot.is_expected is None else slot.is_expected
    applies = {
        "out_of_specification": not is_due,
        "produced": slot.is_up,
        "excused": is_excused,
        "no_data": not slot.is_known,
        "not_producing": slot.is_known and not slot.is_up,
    }
    # a list may also name classes of events, which then have their own place in it
    applies |= {one.event["event_class"]: is_excused for one in excuses}
    listed = next((name for name in terms.words["category_priority"] if applies.get(name)), None)
    category = _unlisted(applies) if listed is None else listed if listed in CATEGORIES else "excused"
    if terms.words["downtime_basis"] == "event_log" and category != "out_of_specification":
        down = without(united(slot, [one for one in met if one.is_down]), excused)
        parts = {"excused": whole(length(excused)), "not_producing": whole(length(down))}
        parts["produced" if slot.is_known else "no_data"] = slot.seconds - sum(parts.values())
    else:
        parts = {category: Decimal(slot.seconds)}
    seconds = dict.fromkeys(CATEGORIES, ZERO) | parts
    deemed = [one for one in met if one.is_deemed]
    return Judged(
        slot,
        category,
        seconds,
        excuses[0].event if excuses and seconds["excused"] > 0 else None,
        is_due,
        bool(deemed) and 2 * length(united(slot, deemed)) >= slot.seconds,
    )


def _unlisted(applies: Mapping[str, bool]) -> str:
    """The category where the contract's list has none that applies."""
    order = ("out_of_specification", "produced", "no_data")
    return next((name for name in order if applies[name]), "not_producing")


def _sums(terms: Terms, key: tuple[int, str], judged: list[Judged]) -> dict[str, Any]:
    """Add a day up; a sum of nothing known is null where the day has such a column."""
    slots = [one.slot for one in judged]
    by_class: dict[str, Decimal] = {}
    for one in judged:
        if one.excuse is not None:
            name = one.excuse["event_class"]
            by_class[name] = by_class.get(name, ZERO) + one.seconds["excused"] / HOUR
    due = [one for one in judged if one.is_due]
    filled = [slot for slot in slots if slot.substitution is not None]
    hours = {f"{name}_hours": _total(one.seconds[name] for one in judged) / HOUR for name in CATEGORIES}
    light = {
        f"{name}_irradiation_wh_m2": _sum(_part(one.slot.irradiance_wm2, one.seconds[name]) for one in judged)
        for name in ("produced", "excused", "no_data")
    }
    return {
        "meter_id": key[0],
        "day_on": key[1],
        "slots_expected": len(slots),
        "measured_slots": sum(slot.quality == "measured" for slot in slots),
        "estimated_slots": sum(slot.quality == "estimated" for slot in slots),
        "substituted_slots": len(filled),
        "substitutions": [
            {"timestamp": utc_text(slot.start), "method": slot.substitution, "energy_wh": text(slot.energy_wh)}
            for slot in filled
        ],
        "sun_decided_slots": sum(slot.is_sun_decided for slot in slots),
        "undecided_slots": sum(slot.is_expected is None for slot in slots),
        **hours,
        "excused_hours_by_class": by_class,
        "excused_event_ids": sorted({one.excuse["plant_event_id"] for one in judged if one.excuse is not None}),
        "raw_hours_expected": _total(one.slot.seconds for one in due) / HOUR,
        "raw_hours_available": _total(one.slot.seconds for one in due if one.slot.is_up_as_read) / HOUR,
        "expected_irradiation_wh_m2": _sum(
            _part(one.slot.irradiance_wm2, one.slot.seconds if one.is_due else ZERO) for one in judged
        ),
        **light,
        "irradiation_wh_m2": _sum(_part(slot.irradiance_wm2, slot.seconds) for slot in slots),
        "energy_wh": _sum(slot.energy_wh for slot in slots) or ZERO,
        "substituted_energy_wh": _sum(slot.energy_wh for slot in filled) or ZERO,
        "correction_wh": _total(slot.correction_wh for slot in slots),
        "lost_energy_wh": _lost(judged, "not_producing"),
        "excused_lost_energy_wh": _lost(judged, "excused"),
        **_for_deemed(terms, judged),
        **_for_ratio(terms, judged),
    }


def _lost(judged: list[Judged], category: str) -> Decimal | None:
    """What the model says was missed while a slot was of a category; no more than what it really missed."""
    stood = [one for one in judged if one.seconds[category] > 0]
    if not stood:
        return ZERO
    return _sum(_missed(one, one.seconds[category]) for one in stood)


def _missed(one: Judged, seconds: Decimal) -> Decimal | None:
    if one.slot.model_wh is None:
        return None
    made = max(ZERO, one.slot.energy_wh or ZERO)
    return max(ZERO, min(one.slot.model_wh * seconds / one.slot.seconds, one.slot.model_wh - made))


def _for_deemed(terms: Terms, judged: list[Judged]) -> dict[str, Any]:
    """Slots whose energy is deemed delivered, and slots from which the next month learns."""
    deemed = [one.slot for one in judged if one.is_deemed and one.is_due and one.category != "produced"]
    least = terms.need("deemed_irradiance_min_wm2")
    taught = [
        one.slot
        for one in judged
        if not one.is_deemed
        and one.slot.irradiance_wm2 is not None
        and one.slot.irradiance_wm2 > least
        and one.slot.energy_wh is not None
        and one.slot.substitution is None
    ]
    return {
        "deemed_slots": len(deemed),
        "deemed_irradiance_sum_wm2": _sum(slot.irradiance_wm2 for slot in deemed),
        "reference_slots": len(taught),
        "reference_energy_wh": _sum(slot.energy_wh for slot in taught),
        "reference_irradiance_sum_wm2": _sum(slot.irradiance_wm2 for slot in taught),
    }


def _for_ratio(terms: Terms, judged: list[Judged]) -> dict[str, Any]:
    """Energy, and reference yield plain and corrected for temperature, of the slots that know both."""
    needs_heat = terms.words["is_temperature_corrected"]
    used = [
        one.slot
        for one in judged
        if one.category != "excused"
        and one.slot.energy_wh is not None
        and one.slot.irradiance_wm2 is not None
        and (one.slot.temperature_c is not None or not needs_heat)
    ]
    yields = [slot.irradiance_wm2 * slot.seconds / HOUR / 1000 for slot in used]
    corrected = [_corrected(terms, slot, plain) for slot, plain in zip(used, yields, strict=True)]
    return {
        "ratio_energy_wh": _sum(slot.energy_wh for slot in used),
        "ratio_reference_kwh_per_kwp": _sum(yields),
        "ratio_corrected_kwh_per_kwp": None if None in corrected else _sum(corrected),
    }


def _corrected(terms: Terms, slot: Slot, plain: Decimal) -> Decimal | None:
    if plain == 0:
        return ZERO
    gamma, reference = terms.number("temperature_coefficient_per_c"), terms.need("reference_temperature_c")
    if gamma is None or slot.temperature_c is None:
        return None
    return plain * (1 + gamma * (slot.temperature_c - reference))


def _part(irradiance: Decimal | None, seconds: Decimal | int) -> Decimal | None:
    return None if irradiance is None else irradiance * seconds / HOUR


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None


def _total(values: Iterable[Decimal | int]) -> Decimal:
    return sum(values, ZERO)
