"""What a plan says: a promise in one sentence, and what differs between two versions of the terms."""

from collections.abc import Iterator, Mapping
from typing import Any

from include.pipeline.contract_terms import as_text

NAMES = {
    "availability": "available hours", "energy": "energy", "performance_ratio": "performance ratio",
    "capacity_factor": "capacity factor", "completeness": "complete readings", "delay": "no delay",
}  # fmt: skip
PERIODS = {
    "month": "every month", "quarter": "every quarter", "contract_year": "every contract year",
    "rolling_12_months": "in any 12 months", "two_contract_years": "in any two contract years", "once": "once",
}  # fmt: skip
DAMAGES = {
    "none": "no damages", "per_point": "per point", "per_kwh": "per kWh", "per_mwh": "per MWh", "per_day": "per day",
    "flat": "for each breach",
}  # fmt: skip
CAPS = {"cap_per_period": "a period", "cap_per_year": "a contract year", "cap_lifetime": "in all"}


def promise(terms: Mapping[str, Any], currency: str) -> str:
    """A promise in one sentence."""
    parts = [f"{terms['code']}: {NAMES[terms['metric']]}, {_threshold(terms)}, {PERIODS[terms['period_type']]}"]
    parts.append(_damages(terms, currency))
    parts += list(caps(terms, currency))
    if terms.get("clause_ref"):
        parts.append(terms["clause_ref"])
    return "; ".join(parts)


def caps(terms: Mapping[str, Any], currency: str) -> Iterator[str]:
    """What bounds damages."""
    for name, span in CAPS.items():
        if name in terms:
            yield f"at most {terms[name]} {currency} {span}"
        if f"{name}_fee_share" in terms:
            yield f"at most {terms[f'{name}_fee_share']} of the annual fee {span}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What changed between two normalised terms, one line each."""
    yield from (f"contract: {line}" for line in _changes(before["contract"], after["contract"]))
    old = {terms["code"]: terms for terms in before["obligations"]}
    new = {terms["code"]: terms for terms in after["obligations"]}
    currency = after["contract"].get("currency_code", "")
    for code in sorted(old.keys() | new.keys()):
        if code not in old:
            yield f"new promise {promise(new[code], currency)}"
        elif code not in new:
            yield f"{code} is no longer promised"
        else:
            yield from (f"{code}: {line}" for line in _changes(old[code], new[code]))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "meters":
            yield f"meters {_meters(old or [])} become {_meters(new or [])}"
        elif name == "guarantee_years":
            yield f"guaranteed years {_years(old or [])} become {_years(new or [])}"
        else:
            yield f"{name} {_value(old)} becomes {_value(new)}"


def _threshold(terms: Mapping[str, Any]) -> str:
    if terms["metric"] == "delay":
        return f"by {terms['promised_on']}"
    if "guarantee_ratio" in terms:
        return f"at least {terms['guarantee_ratio']}"
    if "guarantee_percent" not in terms:
        return f"as listed for {len(terms['guarantee_years'])} years"
    of_what = " of the expected energy" if terms["metric"] == "energy" else ""
    return f"at least {terms['guarantee_percent']} percent{of_what}"


def _damages(terms: Mapping[str, Any], currency: str) -> str:
    basis = terms["ld_basis"]
    if basis == "price_difference":
        gap = f"{terms['ld_alternate_price_per_mwh']} less {terms['ld_contract_price_per_mwh']}"
        return f"{gap} {currency} per MWh"
    if basis == "none":
        return DAMAGES[basis]
    if "ld_step" in terms and basis == "per_point":
        return f"{terms['ld_rate']} {currency} per {terms['ld_step']} points ({terms['ld_step_mode']})"
    return f"{terms['ld_rate']} {currency} {DAMAGES[basis]}"


def _value(value: Any) -> str:
    return "(not said)" if value is None or value == "" else as_text(value)


def _meters(meters: list[Mapping[str, Any]]) -> str:
    return ", ".join(f"{meter['meter']} ({meter['role']})" for meter in meters) or "none"


def _years(years: list[Mapping[str, Any]]) -> str:
    return (
        ", ".join(
            f"{year['operating_year']}: {year.get('guaranteed_kwh') or year['expected_kwh']} kWh" for year in years
        )
        or "none"
    )
