"""From days to the period: allowances, weights, deemed and guaranteed energy, and what the promise came to.

Days before the period enter only as the warehouse stated them (`earlier_days` of aggregates.json): they say how much of
a year's maintenance was used up, and what curtailed energy is learnt from.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

if __package__:
    from include.evidence.offline.verify_terms import ZERO, Terms, instant, number
else:
    from verify_terms import ZERO, Terms, instant, number

PLACES = Decimal("1e-18")
COUNTED = (
    "slots_expected", "measured_slots", "estimated_slots", "substituted_slots", "produced_hours",
    "not_producing_hours", "excused_hours", "no_data_hours", "raw_hours_expected", "raw_hours_available",
    "expected_irradiation_wh_m2", "produced_irradiation_wh_m2", "excused_irradiation_wh_m2",
    "no_data_irradiation_wh_m2", "energy_wh", "substituted_energy_wh", "correction_wh", "lost_energy_wh",
    "excused_lost_energy_wh", "ratio_energy_wh", "ratio_reference_kwh_per_kwp", "ratio_corrected_kwh_per_kwp",
)  # fmt: skip

Row = dict[str, Any]


class Period:
    """One period of a promise, computed from its days."""

    def __init__(self, documents: Mapping[str, Any], days: list[Row]) -> None:
        self.terms = Terms(documents)
        self.event = documents["manifest"]["event"]
        self.first, self.last = (date.fromisoformat(self.event[n]) for n in ("period_start_on", "period_end_on"))
        self.seconds = instant(self.event["period_end"]) - instant(self.event["period_start"])
        sized = {(day["meter_id"], day["day_on"]): day for day in documents["aggregates"]["days"]}
        self.days = [_with_size(day, sized[day["meter_id"], day["day_on"]]) for day in days]
        self.earlier = [_stated(day) for day in documents["aggregates"]["earlier_days"]]
        self._allow_maintenance()
        self.meters = {meter["meter_id"]: self._of_meter(meter) for meter in self.terms.measured}
        self.sums = {name: _total(row[name] for row in self.meters.values()) for name in (*COUNTED, "moved_hours")}
        self.weights = self._weights()

    def _allow_maintenance(self) -> None:
        """Scheduled maintenance beyond the year's allowance, in the order of days, excuses nothing."""
        allowed = self.terms.number("maintenance_hours_per_year")
        used: dict[tuple[int, int], Decimal] = {}
        for day in sorted(self.earlier + self.days, key=lambda day: day["day_on"]):
            hours = number(day["excused_hours_by_class"].get("scheduled_maintenance")) or ZERO
            key = day["meter_id"], self.year_of(date.fromisoformat(day["day_on"]))
            before = used.get(key, ZERO)
            used[key] = before + hours
            day["moved_hours"] = ZERO
            if allowed is None or not hours or day["day_on"] < self.event["period_start_on"]:
                continue
            moved = max(ZERO, used[key] - allowed) - max(ZERO, before - allowed)
            share = moved / day["excused_hours"] if day["excused_hours"] else ZERO
            day["moved_hours"] = moved
            day["not_producing_hours"] += moved
            day["excused_hours"] -= moved
            if day["lost_energy_wh"] is not None:
                day["lost_energy_wh"] += (day["excused_lost_energy_wh"] or ZERO) * share
            for name in ("excused_irradiation_wh_m2", "excused_lost_energy_wh"):
                day[name] = None if day[name] is None else day[name] * (1 - share)

    def _of_meter(self, meter: Mapping[str, Any]) -> Row:
        """The sums of a meter; days that nobody assessed are missing data, not nothing."""
        days = [day for day in self.days if day["meter_id"] == meter["meter_id"]]
        row = {name: _total(day[name] for day in days) for name in (*COUNTED, "moved_hours")}
        for name in ("lost_energy_wh", "excused_lost_energy_wh"):
            row[name] = _known(day[name] for day in days)
        unassessed = max(ZERO, self.seconds - sum(day["seconds"] for day in days))
        interval = min((day["interval"] for day in days), default=meter["reading_interval_seconds"] or 900)
        row["slots_expected"] += (unassessed / interval).quantize(Decimal(1), ROUND_HALF_UP)
        return row

    def _weights(self) -> dict[int, Decimal]:
        known = self.terms.capacity_kw
        is_known = all(capacity is not None for capacity in known.values())
        return {meter: known[meter] if is_known else Decimal(1) for meter in known}

    def year_of(self, day: date) -> int:
        """The contract year that a day lies in, from 1."""
        anchor = date.fromisoformat(self.terms.version["year_anchor_on"])
        year = day.year - anchor.year
        return max(1, year + (1 if _anniversary(anchor, year) <= day else 0))

    def year_start(self, year: int) -> date:
        """The first day of a contract year."""
        return _anniversary(date.fromisoformat(self.terms.version["year_anchor_on"]), year - 1)

    # what stands above and below the line of an availability, as the contract counts it

    def _available(self, row: Row, unit: str) -> Decimal:
        excused = row[f"excused_{unit}"] if self.terms.words["excused_method"] == "credit" else ZERO
        unknown = row[f"no_data_{unit}"] if self.terms.words["missing_policy"] == "available" else ZERO
        return row[f"produced_{unit}"] + excused + unknown

    def _expected(self, row: Row, unit: str) -> Decimal:
        excused = row[f"excused_{unit}"] if self.terms.words["excused_method"] == "credit" else ZERO
        counts = self.terms.words["missing_policy"] in {"available", "unavailable"}
        standing = row["not_producing_hours"] if unit == "hours" else _standing_light(row)
        return row[f"produced_{unit}"] + standing + excused + (row[f"no_data_{unit}"] if counts else ZERO)

    def _all(self, count: Callable[[Row, str], Decimal], unit: str) -> Decimal:
        return _total(count(row, unit) for row in self.meters.values())

    def _by_weight(self, name: str) -> Decimal:
        """Hours of the plant: each meter counts with its share of the capacity."""
        total = sum(self.weights.values())
        return _total(self.weights[meter] * row[name] for meter, row in self.meters.items()) / total if total else ZERO

    def hours(self) -> tuple[Decimal, Decimal]:
        """Hours available and expected."""
        return self._all(self._available, "hours"), self._all(self._expected, "hours")

    def availability(self) -> Decimal | None:
        """The contractual availability, percent."""
        weighting = self.terms.words["weighting"]
        if weighting == "time":
            available, expected = self.hours()
            return ratio(100 * available, expected)
        if weighting == "irradiance":
            unit = "irradiation_wh_m2"
            return ratio(100 * self._all(self._available, unit), self._all(self._expected, unit))
        if weighting == "capacity":
            rated = {
                meter: ratio(100 * self._available(row, "hours"), self._expected(row, "hours"))
                for meter, row in self.meters.items()
            }
            known = {meter: percent for meter, percent in rated.items() if percent is not None}
            return ratio(_total(self.weights[m] * p for m, p in known.items()), _total(self.weights[m] for m in known))
        made, lost, excused = (self.energy(name) for name in ("energy_wh", "lost_energy_wh", "excused_lost_energy_wh"))
        credit = excused if self.terms.words["excused_method"] == "credit" else ZERO
        if None in (lost, credit):
            return None
        return ratio(100 * (made + credit), made + lost + credit)

    def raw_availability(self) -> Decimal | None:
        """Availability without any exclusion, percent."""
        return ratio(100 * self.sums["raw_hours_available"], self.sums["raw_hours_expected"])

    def energy(self, name: str = "energy_wh") -> Decimal | None:
        """An energy of all meters, kWh; null where a day does not know it."""
        total = _known(row[name] for row in self.meters.values())
        return None if total is None else total / 1000

    def completeness(self) -> Decimal | None:
        """Share of measured slots, percent."""
        return ratio(100 * self.sums["measured_slots"], self.sums["slots_expected"])

    def usable(self) -> Decimal | None:
        """Share of slots with any value, percent."""
        return ratio(100 * self.usable_slots(), self.sums["slots_expected"])

    def usable_slots(self) -> Decimal:
        """Slots with a value, measured or not."""
        return _total(self.sums[f"{name}_slots"] for name in ("measured", "estimated", "substituted"))

    def performance_ratio(self) -> Decimal | None:
        """Performance ratio, corrected for temperature where the contract does."""
        capacity = self.terms.number("capacity_kwp")
        return None if capacity is None else ratio(self.sums["ratio_energy_wh"], 1000 * capacity * self.yield_hours())

    def yield_hours(self) -> Decimal:
        """The reference yield, kWh/kWp."""
        kind = "corrected" if self.terms.words["is_temperature_corrected"] else "reference"
        return self._by_weight(f"ratio_{kind}_kwh_per_kwp")

    def capacity_factor(self) -> Decimal | None:
        """Capacity factor, percent."""
        full = self.full_energy()
        return None if full is None else ratio(100 * self.energy(), full)

    def full_energy(self) -> Decimal | None:
        """What the plant would have made at its capacity while it could run, kWh."""
        capacity = self.terms.number("capacity_ac_kw")
        if capacity is None:
            return None
        lost = ZERO if self.terms.words["missing_policy"] == "unavailable" else self._by_weight("no_data_hours")
        running = self.seconds / 3600 - self._by_weight("excused_hours") - lost
        return capacity * running * self.terms.need("efficiency_factor")

    def excused(self) -> tuple[dict[str, Decimal], list[int]]:
        """Excused hours by class, and the events behind them."""
        hours: dict[str, Decimal] = {}
        for day in self.days:
            for kind, value in day["excused_hours_by_class"].items():
                moved = day["moved_hours"] if kind == "scheduled_maintenance" else ZERO
                hours[kind] = hours.get(kind, ZERO) + value - moved
        return hours, sorted({event for day in self.days for event in day["excused_event_ids"]})


def ratio(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """A part of a whole with 18 decimals; null where the whole is nothing."""
    if part is None or not whole:
        return None
    return (part / whole).quantize(PLACES, ROUND_HALF_UP)


def _standing_light(row: Row) -> Decimal:
    rest = ("produced", "excused", "no_data")
    return max(ZERO, row["expected_irradiation_wh_m2"] - sum(row[f"{name}_irradiation_wh_m2"] for name in rest))


def _anniversary(anchor: date, years: int) -> date:
    try:
        return anchor.replace(year=anchor.year + years)
    except ValueError:  # 29 February in a year that has none
        return anchor.replace(year=anchor.year + years, day=28)


def _with_size(day: Row, stated: Mapping[str, Any]) -> Row:
    seconds = instant(stated["day_end"]) - instant(stated["day_start"])
    return {**day, "seconds": seconds, "interval": stated["reading_interval_seconds"]}


def _stated(day: Mapping[str, Any]) -> Row:
    """A day before the period, of which only some columns are looked at."""
    classes = {name: Decimal(hours) for name, hours in day["excused_hours_by_class"].items()}
    known = ("reference_energy_wh", "reference_irradiance_sum_wm2", "deemed_irradiance_sum_wm2")
    return {**day, **{name: number(day[name]) for name in known}, "excused_hours_by_class": classes,
            "interval": day["reading_interval_seconds"]}  # fmt: skip


def _total(values: Iterable[Decimal | int | None]) -> Decimal:
    return sum((value for value in values if value is not None), ZERO)


def _known(values: Iterable[Decimal | None]) -> Decimal | None:
    """A sum that is unknown as soon as one of its parts is."""
    parts = list(values)
    return None if None in parts else sum(parts, ZERO)
