"""What the fields of an obligation must be to each other; each rule says what is wrong and what to do."""

from collections.abc import Iterator
from typing import NamedTuple

from include.core.contract_errors import CONTRADICTION, MISSING
from include.core.terms import Contract
from include.core.terms_obligation import CATEGORIES, Obligation


class Broken(NamedTuple):
    """A broken rule: code, field, what is wrong, what to do."""

    code: str
    field: str
    message: str
    remedy: str


PERIODS = {"delay": ("month", "once")}
ANY_PERIOD = ("month", "quarter", "contract_year", "rolling_12_months", "two_contract_years")
BASES = {
    "energy": ("none", "per_kwh", "per_mwh", "price_difference", "per_day", "flat"),
    "completeness": ("none", "per_point", "per_day", "flat"),
    "delay": ("none", "per_day", "flat"),
}
ANY_BASIS = ("none", "per_point", "per_kwh", "per_mwh", "price_difference", "per_day", "flat")
OF_ENERGY = ("per_kwh", "per_mwh", "price_difference")
CAPS = ("cap_per_period", "cap_per_year", "cap_lifetime")
ALL_CAPS = (*CAPS, *(f"{cap}_fee_share" for cap in CAPS))


def broken(obligation: Obligation) -> Iterator[Broken]:
    """Every rule that a completed obligation breaks."""
    for rule in (_guarantee, _period, _expectation, _excuses, _missing, _energy, _ratios, _deemed, _delay, _money):
        yield from rule(obligation)
    yield from _twice(obligation)


def broken_by_contract(contract: Contract) -> Iterator[Broken]:
    """Every rule that the head of the file breaks."""
    for first, second in (("starts_on", "ends_on"), ("effective_on", "ends_on"), ("assess_from_on", "ends_on")):
        before, after = getattr(contract, first), getattr(contract, second)
        if before and after and before > after:
            yield Broken(CONTRADICTION, second, f"lies before {first}", "correct one of the two days")


def needs_fee(part: Contract | Obligation) -> Iterator[str]:
    """The fields that are shares of the annual fee."""
    return (f"{cap}_fee_share" for cap in CAPS if getattr(part, f"{cap}_fee_share", None) is not None)


def _guarantee(o: Obligation) -> Iterator[Broken]:
    own = {"performance_ratio": "guarantee_ratio", "delay": ""}.get(o.metric, "guarantee_percent")
    for name in ("guarantee_percent", "guarantee_ratio"):
        if name != own and getattr(o, name) is not None:
            what = f"is not the threshold of {o.metric}"
            yield Broken(CONTRADICTION, name, what, f"use {own}" if own else "leave it out")
    is_listed = o.metric == "energy" and o.guarantee_years and all(y.guaranteed_kwh for y in o.guarantee_years)
    if own and getattr(o, own) is None and not is_listed:
        yield Broken(MISSING, own, "is missing", "say what is guaranteed")
    bounded = o.metric in {"availability", "completeness", "capacity_factor"}
    if bounded and o.guarantee_percent is not None and o.guarantee_percent > 100:
        yield Broken(CONTRADICTION, "guarantee_percent", "is above 100 percent", "use a share of 100")


def _period(o: Obligation) -> Iterator[Broken]:
    if o.period_type not in (allowed := PERIODS.get(o.metric, ANY_PERIOD)):
        yield Broken(
            CONTRADICTION, "period_type", f"{o.metric} has no period {o.period_type}", f"use {_one_of(allowed)}"
        )


def _expectation(o: Obligation) -> Iterator[Broken]:
    if o.downtime_basis == "event_log":
        if o.metric != "availability":
            yield Broken(CONTRADICTION, "downtime_basis", "event_log is for availability only", "use slot")
        if o.missing_policy == "substitute":
            what = "an event log counts outages by the minute and substitutes no readings"
            yield Broken(CONTRADICTION, "missing_policy", what, "use exclude, unavailable or available")
        if o.weighting not in {"time", "capacity"}:
            what = "an event log knows neither irradiance nor energy"
            yield Broken(CONTRADICTION, "weighting", what, "use time or capacity")
    if lost := next(lost_energy_uses(o), None):
        what = f"is missing, and {lost} must know what energy was lost"
        if o.expected_performance_ratio is None:
            yield Broken(MISSING, "expected_performance_ratio", what, "say the ratio, such as 0.8")
    yield from _priority(o)


def lost_energy_uses(o: Obligation) -> Iterator[str]:
    """What of an obligation counts energy that was not produced."""
    if o.metric == "availability" and o.weighting == "energy":
        yield "weighting by energy"
    if o.metric == "availability" and o.ld_basis in OF_ENERGY:
        yield f"damages {o.ld_basis}"


def _priority(o: Obligation) -> Iterator[Broken]:
    """Every slot finds its category: all are named, `excused` itself or each class that excuses."""
    named = set(o.category_priority)
    lacking = [category for category in CATEGORIES if category not in named]
    if lacking == ["excused"] and named >= set(o.excused_classes):
        lacking = []
    if lacking:
        what = f"does not name {', '.join(lacking)}"
        yield Broken(CONTRADICTION, "category_priority", what, f"name all of {', '.join(CATEGORIES)}")
    for name in sorted(named - set(CATEGORIES) - set(o.excused_classes)):
        yield Broken(CONTRADICTION, "category_priority", f"names {name}, which does not excuse", "leave it out")


def _excuses(o: Obligation) -> Iterator[Broken]:
    for name, kind in (
        ("maintenance_hours_per_year", "scheduled_maintenance"),
        ("maintenance_notice_days", "scheduled_maintenance"),
        ("force_majeure_notice_days", "force_majeure"),
    ):
        if getattr(o, name) is not None and kind not in o.excused_classes:
            yield Broken(
                CONTRADICTION, name, f"has no effect while {kind} does not excuse", f"add {kind} to excused_classes"
            )


def _missing(o: Obligation) -> Iterator[Broken]:
    if o.missing_policy == "substitute":
        if not o.substitute_order:
            yield Broken(MISSING, "substitute_order", "is empty", "say what may stand in")
        if o.metric == "completeness":
            yield Broken(CONTRADICTION, "missing_policy", "substitutes would hide what is promised", "use exclude")
        if "model" in o.substitute_order and o.substitute_order[0] == "model" and o.expected_performance_ratio is None:
            what = "a model of the energy needs it"
            yield Broken(MISSING, "expected_performance_ratio", what, "say the ratio, such as 0.8")


def _energy(o: Obligation) -> Iterator[Broken]:
    years = o.guarantee_years or ()
    if o.metric != "energy":
        for name in ("base_energy_kwh", "guarantee_years"):
            if getattr(o, name):
                yield Broken(CONTRADICTION, name, f"has no effect on {o.metric}", "leave it out")
        if o.degradation_per_year and o.metric != "performance_ratio":
            yield Broken(CONTRADICTION, "degradation_per_year", f"has no effect on {o.metric}", "leave it out")
        return
    if o.base_energy_kwh is None and not years:
        remedy = "say base_energy_kwh, or list guarantee_years"
        yield Broken(MISSING, "base_energy_kwh", "nothing says how much energy is expected", remedy)
    for place, year in enumerate(years):
        field = f"guarantee_years[{place}]"
        if year.expected_kwh is None and year.guaranteed_kwh is None:
            yield Broken(MISSING, field, "says neither expected_kwh nor guaranteed_kwh", "say one of them")
        if [other.operating_year for other in years].count(year.operating_year) > 1:
            yield Broken(CONTRADICTION, field, f"year {year.operating_year} stands there twice", "keep one of them")


def _ratios(o: Obligation) -> Iterator[Broken]:
    if o.is_temperature_corrected:
        if o.metric != "performance_ratio":
            what = f"has no effect on {o.metric}"
            yield Broken(CONTRADICTION, "is_temperature_corrected", what, "leave it out")
        elif o.temperature_coefficient_per_c is None:
            what = "is missing, while the ratio is corrected for temperature"
            yield Broken(MISSING, "temperature_coefficient_per_c", what, "say it, such as -0.0035")


def _deemed(o: Obligation) -> Iterator[Broken]:
    if o.deemed_method == "none":
        if o.deemed_classes:
            what = "has no effect while deemed_method is none"
            yield Broken(CONTRADICTION, "deemed_classes", what, "say a deemed_method, or leave it out")
        return
    if o.metric != "energy":
        yield Broken(CONTRADICTION, "deemed_method", f"has no effect on {o.metric}", "use none")
    if not o.deemed_classes:
        yield Broken(
            MISSING, "deemed_classes", "is empty, so nothing is deemed", "say which events, such as curtailment"
        )
    needed = {
        "monthly_ratio": ("deemed_reference_kwh", "deemed_reference_irradiance_wm2"),
        "fixed": ("deemed_kwh_per_interval",),
    }
    for name in needed.get(o.deemed_method, ()):
        if getattr(o, name) is None:
            yield Broken(MISSING, name, f"is missing, while deemed_method is {o.deemed_method}", "say it")


def _delay(o: Obligation) -> Iterator[Broken]:
    if o.metric == "delay":
        if o.promised_on is None:
            yield Broken(MISSING, "promised_on", "is missing", "say the last day in time")
        return
    for name in ("promised_on", "achieved_on"):
        if getattr(o, name) is not None:
            yield Broken(CONTRADICTION, name, f"has no effect on {o.metric}", "leave it out")


def _money(o: Obligation) -> Iterator[Broken]:
    if o.ld_basis not in (allowed := BASES.get(o.metric, ANY_BASIS)):
        yield Broken(CONTRADICTION, "ld_basis", f"{o.metric} has no damages {o.ld_basis}", f"use {_one_of(allowed)}")
    prices = ("ld_alternate_price_per_mwh", "ld_contract_price_per_mwh")
    needed = {"none": (), "price_difference": prices}.get(o.ld_basis, ("ld_rate",))
    for name in ("ld_rate", *prices):
        if name in needed and getattr(o, name) is None:
            yield Broken(MISSING, name, f"is missing, while ld_basis is {o.ld_basis}", "say it")
        if name not in needed and getattr(o, name) is not None:
            what = f"has no effect while ld_basis is {o.ld_basis}"
            yield Broken(CONTRADICTION, name, what, "change ld_basis, or leave it out")
    idle = {"none": ("ld_step", "ld_floor", *ALL_CAPS), "flat": ("ld_step", "ld_floor")}.get(o.ld_basis, ())
    for name in idle:
        if getattr(o, name) is not None:
            what = f"has no effect while ld_basis is {o.ld_basis}"
            yield Broken(CONTRADICTION, name, what, "change ld_basis, or leave it out")
    if o.fx_rate_on is not None and o.fx_fixed_rate is not None:
        yield Broken(CONTRADICTION, "fx_fixed_rate", "a fixed rate has no day", "say fx_rate_on or fx_fixed_rate")


def _twice(o: Obligation) -> Iterator[Broken]:
    for name in ("excused_classes", "deemed_classes", "substitute_order", "category_priority"):
        words = getattr(o, name)
        if len(set(words)) < len(words):
            yield Broken(CONTRADICTION, name, "names something twice", "name it once")


def _one_of(words: tuple[str, ...]) -> str:
    return f"one of {', '.join(words)}"
