"""The one page that a person reads first, as words and numbers; two modules lay it out, as HTML and as PDF.

Everything comes from the documents of the pack. Names of plants and people are in none of them; where the page is made
for somebody who may know them, they are given beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from include.evidence import chart

METRICS = {
    "availability": "Availability",
    "energy": "Energy production",
    "performance_ratio": "Performance ratio",
    "capacity_factor": "Capacity factor",
    "completeness": "Data completeness",
    "delay": "Delay",
}
UNITS = {"percent": "%", "ratio": "", "kWh": "kWh", "kwh": "kWh", "days": "days"}
OUTCOMES = {"breached": "Promise broken", "inconclusive": "Inconclusive", "kept": "Withdrawn: promise kept"}
MISSING = {
    "unavailable": "hours without data count as not available",
    "available": "hours without data count as available",
    "exclude": "hours without data are left out",
    "substitute": "hours without data are filled in by the contract's order; what nothing fills is left out",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DASH = "\u2013"


@dataclass(frozen=True, slots=True)
class Integrity:
    """What is known of the pack itself; `is_intact` is null while nobody has checked it."""

    is_intact: bool | None
    signer: str
    at: str
    words: str
    hash: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the large numbers."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The page."""

    title: str
    outcome: str
    lines: Sequence[str]
    figures: Sequence[Figure]
    facts: Sequence[tuple[str, str]]
    svg: str
    integrity: Integrity
    footer: str
    is_broken: bool = field(default=False)


def of_documents(documents: Mapping[str, Any], integrity: Integrity, names: Sequence[str] = ()) -> Summary:
    """The page of a pack, from its parsed documents; `names` are lines for people who may know them."""
    event, terms = documents["manifest"]["event"], documents["contract_terms"]
    obligation, result = terms["obligation"], documents["calculation"]["result"]
    outcome = documents["calculation"]["outcome"]
    days = documents["aggregates"]["days"]
    return Summary(
        title=obligation["title"] or METRICS[event["metric"]],
        outcome=OUTCOMES[outcome],
        is_broken=outcome == "breached",
        lines=[
            *names,
            f"Contract {terms['contract']['external_contract_id']}, version {terms['contract_version']['version']}"
            + (f", {obligation['clause_ref']}" if obligation["clause_ref"] else ""),
            f"{_span(event)} ({event['time_zone']}), revision {event['revision']}",
        ],
        figures=_figures(result, days),
        facts=_facts(documents, result, days),
        svg=chart.svg(days),
        integrity=integrity,
        footer=(
            f"Event {event['default_event_id']}. This page is a view; the proof is the signed pack. "
            "Check it without us: python verify.py PACK.zip --key PUBLIC_KEY.pem"
        ),
    )


def _span(event: Mapping[str, Any]) -> str:
    first, last = (date.fromisoformat(event[name]) for name in ("period_start_on", "period_end_on"))
    named = [f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in (first, last)]
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} {DASH} {named[1]}"
    return f"{named[0]} {DASH} {named[1]}"


def _figures(result: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> list[Figure]:
    unit = UNITS.get(result["unit"], result["unit"])
    shortfall, guaranteed, counted = (_decimal(result[name]) for name in ("shortfall", "guaranteed", "counted"))
    points = "points" if unit == "%" else unit
    note = ""
    if shortfall and result["ld_before_cap"] is not None and result["ld_before_cap"] != result["ld_payable"]:
        note = f"before the cap {money(result['ld_before_cap'], result['currency_code'])}"
    return [
        Figure("Promised", quantity(guaranteed, unit)),
        Figure("Happened", apart(counted, guaranteed, unit), _raw(result)),
        Figure(
            "Difference", quantity(shortfall, points) if shortfall else f"0 {points}".strip(), _missing(result, days)
        ),
        Figure("Damages", money(result["ld_payable"], result["currency_code"]), note),
    ]


def _missing(result: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> str:
    """What a shortfall of availability is in hours and energy."""
    expected, available = _decimal(result["hours_expected"]), _decimal(result["hours_available"])
    if result["unit"] != "percent" or expected is None or available is None:
        return ""
    lost = _lost_mwh(days)
    words = "lost energy not known" if lost is None else f"{number(lost, 3)} MWh lost"
    return f"{number(expected - available, 2)} hours, {words}"


def _lost_mwh(days: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """What the model says was lost; null where it cannot say so of a day, which is not nothing."""
    return None if any(day["lost_energy_wh"] is None for day in days) else _sum(days, "lost_energy_wh") / 10**6


def _raw(result: Mapping[str, Any]) -> str:
    raw = _decimal(result["raw_availability_percent"])
    return f"without any exclusion {number(raw, 2)} %" if raw is not None and result["unit"] == "percent" else ""


def _weighed(documents: Mapping[str, Any]) -> str:
    """Why hours alone do not come to the percentage above them."""
    terms = documents["contract_terms"]["obligation"]
    if terms["metric"] != "availability" or terms["weighting"] == "time":
        return ""
    return f" (the result weighs them by {terms['weighting']})"


def _facts(
    documents: Mapping[str, Any], result: Mapping[str, Any], days: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    facts = []
    expected, available = _decimal(result["hours_expected"]), _decimal(result["hours_available"])
    if expected is not None and available is not None:
        missing = number(expected - available, 2)
        words = f"{number(available, 2)} available of {number(expected, 2)} expected: {missing} missing"
        facts.append(("Hours", words + _weighed(documents)))
    facts.append(("Energy", _energy(days)))
    measured, slots = _sum(days, "measured_slots"), _sum(days, "slots_expected")
    facts.append(
        (
            "Completeness",
            f"{number(_decimal(result['data_completeness_percent']), 2)} % measured "
            f"({measured:f} of {slots:f} intervals), {number(_decimal(result['usable_percent']), 2)} % usable",
        )
    )
    facts.append(("Excused", _excused(documents, result)))
    facts.append(("Estimated", _estimated(documents, days)))
    facts.append(("Missing data", MISSING[result["missing_policy"]]))
    if result["ld_cap"] is not None:
        facts.append(("Cap", f"{money(result['ld_cap'], result['currency_code'])} was left for this period"))
    if result["payment_amount"] is not None and result["payment_currency_code"] != result["currency_code"]:
        rate = number(_decimal(result["fx_rate"]), 6)
        paid = money(result["payment_amount"], result["payment_currency_code"])
        facts.append(("Payment", f"{paid} at {rate}"))
    return facts


def _energy(days: Sequence[Mapping[str, Any]]) -> str:
    made, lost = number(_sum(days, "energy_wh") / 10**6, 3), _lost_mwh(days)
    if lost is None:
        return f"{made} MWh delivered; what was lost takes irradiance and an expected performance ratio to know"
    return f"{made} MWh delivered, {number(lost, 3)} MWh lost as modelled"


def _excused(documents: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    by_class = {name: _decimal(hours) for name, hours in result["excused_hours_by_class"].items()}
    if not by_class:
        return "nothing"
    known = {event["plant_event_id"]: event["external_event_id"] for event in documents["excused_events"]["events"]}
    events = [known.get(int(event_id), str(event_id)) for event_id in result["excused_event_ids"]]
    hours = ", ".join(f"{number(value, 2)} h {name.replace('_', ' ')}" for name, value in sorted(by_class.items()))
    return f"{hours} (events {', '.join(events[:6])}{' and more' if len(events) > 6 else ''})" if events else hours


def _estimated(documents: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> str:
    by_source, filled = _sum(days, "estimated_slots"), _sum(days, "substituted_slots")
    tests = len(documents["substitutions"]["meter_tests"])
    words = []
    if by_source:
        words.append(f"{by_source:f} intervals by their source")
    if filled:
        words.append(
            f"{filled:f} intervals by the contract's order, {number(_sum(days, 'substituted_energy_wh') / 1000, 1)} kWh"
        )
    if tests:
        words.append(f"corrected after {tests} meter test{'s' if tests > 1 else ''}")
    return "; ".join(words) or "nothing"


def quantity(value: Decimal | None, unit: str) -> str:
    """A number with its unit; energy above a megawatt-hour in MWh."""
    if value is None:
        return DASH
    if unit == "kWh" and abs(value) >= 1000:
        return f"{number(value / 1000, 3)} MWh"
    return f"{number(value, 4 if unit == '' else 2)} {unit}".strip()


def apart(value: Decimal | None, other: Decimal | None, unit: str) -> str:
    """A number in as many decimals as it takes to tell it from the other one: 97.995 is not 98.00."""
    if value is None or other is None or unit == "kWh" or value == other:
        return quantity(value, unit)
    for places in range(4 if unit == "" else 2, 12):
        if number(value, places) != number(other, places):
            return f"{number(value, places)} {unit}".strip()
    return quantity(value, unit)


def money(amount: Any, currency: str | None) -> str:
    """An amount with its currency."""
    value = _decimal(amount)
    return DASH if value is None else f"{currency or ''} {number(value, 2)}".strip()


def number(value: Decimal | None, places: int) -> str:
    """A number rounded for the eye, thousands apart."""
    if value is None:
        return DASH
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _sum(days: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(day[name]) for day in days if day[name] is not None), Decimal(0))
