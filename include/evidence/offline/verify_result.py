"""From the period to the result: what was guaranteed, what it came to, and what is missing."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

if __package__:
    from include.evidence.offline.verify_money import of_shortfall, rounded
    from include.evidence.offline.verify_period import PLACES, Period, Row
    from include.evidence.offline.verify_terms import ZERO, number
else:
    from verify_money import of_shortfall, rounded
    from verify_period import PLACES, Period, Row
    from verify_terms import ZERO, number

UNITS = {"energy": "kWh", "performance_ratio": "ratio", "delay": "days"}
# the smallest part of a guarantee that counts
RESOLUTION = Decimal("1e-11")


def of_documents(documents: Mapping[str, Any], days: list[Row]) -> dict[str, Any]:
    """The result of the event, by the names of calculation.json."""
    period = Period(documents, days)
    metric, words = period.event["metric"], period.terms.words
    expected, guaranteed = _promised(period, metric)
    actual = _actual(period, metric)
    deemed = _deemed(period) if metric == "energy" else None
    counted = None if actual is None else actual + (deemed or ZERO)
    shortfall = _shortfall(period, guaranteed, actual, counted)
    outcome = "inconclusive" if shortfall is None else "breached" if shortfall > 0 else "kept"
    available, hours = period.hours()
    by_class, events = period.excused()
    return {
        "outcome": outcome,
        "unit": UNITS.get(metric, "percent"),
        "expected": expected,
        "guaranteed": guaranteed,
        "actual": actual,
        "deemed": deemed,
        "counted": counted,
        "shortfall": shortfall,
        "hours_expected": hours,
        "hours_available": available,
        "availability_percent": period.availability(),
        "raw_availability_percent": period.raw_availability(),
        "data_completeness_percent": period.completeness(),
        "usable_percent": period.usable(),
        "excused_hours": period.sums["excused_hours"],
        "excused_hours_by_class": by_class,
        "excused_event_ids": events,
        "missing_policy": words["missing_policy"],
        "rounding": words["rounding"],
        **of_shortfall(period, documents["calculation"], outcome, shortfall),
    }


def _actual(period: Period, metric: str) -> Decimal | None:
    if metric == "delay":
        return _late_days(period)
    return {
        "availability": period.availability,
        "energy": period.energy,
        "performance_ratio": period.performance_ratio,
        "capacity_factor": period.capacity_factor,
        "completeness": lambda: period.completeness() or ZERO,
    }[metric]()


def _late_days(period: Period) -> Decimal:
    """Days of the period after the promised one, up to the day it was achieved."""
    promised, achieved = (period.terms.words[name] for name in ("promised_on", "achieved_on"))
    begins = max(period.first - timedelta(days=1), date.fromisoformat(promised)) if promised else period.first
    ends = min(period.last, date.fromisoformat(achieved)) if achieved else period.last
    return Decimal(max(0, (ends - begins).days))


def _promised(period: Period, metric: str) -> tuple[Decimal | None, Decimal | None]:
    """What was expected and what was guaranteed."""
    if metric == "delay":
        return None, ZERO
    guarantee = period.terms.number("guarantee")
    if metric == "energy":
        return _promised_energy(period, guarantee)
    if metric == "performance_ratio":
        years = period.event["operating_year"] - 1
        guarantee = (guarantee * (1 - period.terms.need("degradation_per_year")) ** years).quantize(
            PLACES, ROUND_HALF_UP
        )
    return None, guarantee


def _promised_energy(period: Period, guarantee: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """Energy of every contract year that the period has days of, by the days it has, kWh."""
    listed = {row["operating_year"]: row for row in period.terms.guarantee_years}
    sums: dict[str, list[Decimal | None]] = defaultdict(list)
    for year in range(period.event["operating_year"], period.year_of(period.last) + 1):
        starts, following = period.year_start(year), period.year_start(year + 1)
        begins = period.first if year == 1 else max(period.first, starts)
        days = (min(period.last + timedelta(days=1), following) - begins).days
        row = listed.get(year, {})
        base = period.terms.number("base_energy_kwh")
        expected = number(row.get("expected_kwh"))
        if expected is None and base is not None:
            expected = base * (1 - period.terms.need("degradation_per_year")) ** (year - 1)
        guaranteed = number(row.get("guaranteed_kwh"))
        if guaranteed is None and None not in (expected, guarantee):
            guaranteed = expected * guarantee / 100
        for name, value in (("expected", expected), ("guaranteed", guaranteed)):
            sums[name].append(None if value is None else value * days / (following - starts).days)
    return tuple(
        None if None in sums[name] else sum(sums[name], ZERO).quantize(PLACES, ROUND_HALF_UP)
        for name in ("expected", "guaranteed")
    )


def _deemed(period: Period) -> Decimal:
    """Energy that could not be delivered but counts, kWh, by month."""
    terms, method = period.terms, period.terms.words["deemed_method"]
    if method == "none":
        return ZERO
    total = ZERO
    months = sorted({day["day_on"][:7] for day in period.days})
    for month in months:
        rows = {
            meter: [day for day in period.days if day["meter_id"] == meter and day["day_on"][:7] == month]
            for meter in period.meters
        }
        curtailed = {meter: days for meter, days in rows.items() if _add(days, "deemed_slots")}
        slots = sum((_add(days, "deemed_slots") for days in curtailed.values()), ZERO)
        if not slots:
            continue
        if method == "fixed":
            total += terms.need("deemed_kwh_per_interval") * slots
        elif method == "monthly_ratio":
            light = sum((_add(days, "deemed_irradiance_sum_wm2") for days in curtailed.values()), ZERO)
            reference = terms.need("deemed_reference_irradiance_wm2")
            total += terms.need("deemed_reference_kwh") * light / (slots * reference)
        else:
            for meter, days in curtailed.items():
                energy, light = _learnt(period, meter, month)
                total += _light(days, "deemed_irradiance_sum_wm2") * energy / light / 1000 if light else ZERO
    return total.quantize(PLACES, ROUND_HALF_UP)


def _learnt(period: Period, meter_id: int, month: str) -> tuple[Decimal, Decimal]:
    """Energy and irradiation of the month before, or, without any, of the month's own other hours."""
    before = (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]
    for known in (before, month):
        days = [
            day for day in period.earlier + period.days if day["meter_id"] == meter_id and day["day_on"][:7] == known
        ]
        light = _light(days, "reference_irradiance_sum_wm2")
        if light > 0:
            return _add(days, "reference_energy_wh"), light
    return ZERO, ZERO


def _light(days: list[Row], name: str) -> Decimal:
    """Irradiation of sums of irradiance, Wh/m2, so that months of different intervals can be compared."""
    return sum((day[name] * day["interval"] / Decimal(3600) for day in days if day[name] is not None), ZERO)


def _add(days: list[Row], name: str) -> Decimal:
    return sum((day[name] for day in days if day[name] is not None), ZERO)


def _is_known(period: Period, metric: str, actual: Decimal | None) -> bool:
    """What data do not tell is no breach; a promise to deliver data is broken by their absence."""
    if metric in {"completeness", "delay"}:
        return True
    is_complete = (period.completeness() or ZERO) >= period.terms.need("min_completeness_percent")
    if not is_complete or not period.usable_slots():
        return False
    # where nothing was asked of the plant, nothing is unknown either
    return actual is not None or (metric == "availability" and period.hours()[1] == 0)


def _shortfall(
    period: Period, guaranteed: Decimal | None, actual: Decimal | None, counted: Decimal | None
) -> Decimal | None:
    """What is missing, rounded where the contract says so; null where data do not tell."""
    metric = period.event["metric"]
    if not _is_known(period, metric, actual):
        return None
    missing = ZERO if None in (guaranteed, counted) else max(ZERO, guaranteed - counted)
    known = actual if metric == "delay" else resolved(missing, guaranteed or ZERO)
    decimals = period.terms.words["shortfall_decimals"]
    return known if decimals is None else rounded(known, decimals, period.terms.words["rounding"])


def resolved(shortfall: Decimal, guaranteed: Decimal) -> Decimal:
    """A shortfall without what endless fractions leave behind, such as the 10^-18 that 1/3 and 2/3 lack of one.

    Within 10^-11 of the guarantee of a number with nine digits, counted from the guarantee's first, it is that number.
    """
    decimals = max(0, 9 - len(str(int(guaranteed))))
    plain = rounded(shortfall, decimals, "half_up")
    return plain if abs(shortfall - plain) <= guaranteed * RESOLUTION else shortfall
