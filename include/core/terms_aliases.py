"""Older and foreign names of fields and codes, and what they are here: the only such table for contract files.

Every alias that is met is reported, so that whoever applies the file sees how it was read. Names and codes are compared
in lower case with `_` for blanks and hyphens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

from include.core.contract_errors import SAID_TWICE, WRONG_VALUE, Flaw
from include.core.terms_fields import exact

Meaning = str | Callable[[Any, Mapping[str, Any]], dict[str, Any]]


def _scaled(value: Any, factor: str) -> Decimal:
    """A number times a factor, without rounding."""
    return Context(prec=100).multiply(exact(value), Decimal(factor))


def _ratio_or_percent(value: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    """A threshold without unit: a ratio for the performance ratio, where above 2 can only be percent."""
    if _metric(whole) != "performance_ratio":
        return {"guarantee_percent": value}
    return {"guarantee_ratio": _scaled(value, "0.01") if exact(value) > 2 else value}


def _percent(value: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    if _metric(whole) != "performance_ratio":
        return {"guarantee_percent": value}
    return {"guarantee_ratio": _scaled(value, "0.01")}


def _times(name: str, factor: str) -> Meaning:
    return lambda value, whole: {name: _scaled(value, factor)}


def _with(name: str, **implied: Any) -> Meaning:
    return lambda value, whole: {name: value, **implied}


def _cap(value: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    kind = _folded(str(whole.get("cap_type", "annual")))
    caps = {"annual": "cap_per_year", "cumulative": "cap_lifetime", "per_event": "cap_per_period"}
    if kind == "percentage_of_contract":
        return {"cap_lifetime_fee_share": _scaled(value, "0.01")}
    return {caps.get(kind, "cap_per_year"): value}


def _nothing(value: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _unit(value: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    if _folded(str(value)) != "percent":
        raise ValueError("a threshold is percent here; days of delay are metric delay")
    return {}


FIELDS: Mapping[str, Meaning] = {
    "obligation_code": "code",
    "variant": "metric",
    "trigger_type": "metric",
    "period": "period_type",
    "measurement_period": "period_type",
    "section_ref": "clause_ref",
    "threshold": _ratio_or_percent,
    "guarantee": _ratio_or_percent,
    "threshold_percent": _percent,
    "guaranteed_availability_percent": _percent,
    "minimum_availability_percent": _percent,
    "threshold_unit": _unit,
    "guaranteed_annual_production_kwh": _with("base_energy_kwh", guarantee_percent=100),
    "min_completeness": "min_completeness_percent",
    "irradiance_min": "irradiance_min_wm2",
    "irradiance_threshold_wm2": "irradiance_min_wm2",
    "power_min": "power_min_w",
    "nameplate_capacity_mw": _times("capacity_ac_kw", "1000"),
    "degradation": "degradation_per_year",
    "degradation_rate_percent_per_year": _times("degradation_per_year", "0.01"),
    "excused_events": "excused_classes",
    "shortfall_excused_events": "excused_classes",
    "scheduled_outage_max_hours_per_year": "maintenance_hours_per_year",
    "scheduled_outage_notice_days": "maintenance_notice_days",
    "notice_period_days": "force_majeure_notice_days",
    "available_energy_method": "deemed_method",
    "calculation_type": "ld_basis",
    "shortfall_formula_type": "ld_basis",
    "rate": "ld_rate",
    "penalty_rate": _with("ld_rate", ld_basis="per_point"),
    "ld_per_point": _with("ld_rate", ld_basis="per_point"),
    "shortfall_rate_per_kwh": _with("ld_rate", ld_basis="per_kwh"),
    "p_alternate": _times("ld_alternate_price_per_mwh", "1000"),
    "p_solar": _times("ld_contract_price_per_mwh", "1000"),
    "ld_alternate_price": "ld_alternate_price_per_mwh",
    "ld_contract_price": "ld_contract_price_per_mwh",
    "ld_cap": _cap,
    "cap_amount": _cap,
    "ld_cap_annual": "cap_per_year",
    "ld_cap_period": "cap_per_period",
    "cumulative_cap": "cap_lifetime",
    "cap_type": _nothing,
    "ld_currency": "payment_currency_code",
    "cure_period_days": "cure_days",
}
CONTRACT_FIELDS: Mapping[str, Meaning] = {
    "contract_number": "external_contract_id",
    "facility": "project",
    "external_project_id": "project",
    "contract_description": "name",
    "customer": "counterparty",
    "contract_status": "status",
    "start_date": "starts_on",
    "end_date": "ends_on",
    "effective_date": "effective_on",
    "currency": "currency_code",
    "oy_start_date": "year_anchor_on",
    "file_location": "document_uri",
}
EVENT_FIELDS: Mapping[str, Meaning] = {
    "id": "external_event_id",
    "event_id": "external_event_id",
    "event_type": "event_class",
    "type": "event_class",
    "class": "event_class",
    "time_start": "starts_at",
    "time_end": "ends_at",
    "time_acknowledged": "notified_at",
}
TEST_FIELDS: Mapping[str, Meaning] = {
    "error_percent": _times("error_share", "0.01"),
    "last_good_test_at": "last_good_at",
}

EVENT_CLASSES: Mapping[str, str] = {
    "curtail": "curtailment",
    "grid_curtail": "curtailment",
    "dispatch_down": "curtailment",
    "trans_out": "grid_outage",
    "equip_fail": "forced_outage",
    "equip_failure": "forced_outage",
    "inv_fail": "forced_outage",
    "scheduled_maint": "scheduled_maintenance",
    "unsched_maint": "corrective_maintenance",
    "planned_corrective_action": "corrective_maintenance",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "metric": {"availability_shortfall": "availability", "energy_output": "energy", "energy_production": "energy"},
    "period_type": {
        "monthly": "month", "quarterly": "quarter", "annual": "contract_year", "yearly": "contract_year",
        "year": "contract_year",
    },
    "ld_basis": {
        "price_differential": "price_difference", "fixed_rate_per_kwh": "per_kwh", "flat_fee": "flat",
    },
    "excused_classes": EVENT_CLASSES,
    "deemed_classes": EVENT_CLASSES,
    "category_priority": EVENT_CLASSES,
    "event_class": EVENT_CLASSES,
}  # fmt: skip
# codes whose case is not ours to change, or that are free text
AS_WRITTEN = frozenset({"status", "contract_type"})


@dataclass(slots=True)
class Reading:
    """A part with today's names; `notes` tell what was read as what, `said` what the file calls it."""

    values: dict[str, Any]
    said: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)


def read(part: Mapping[str, Any], fields: Mapping[str, Meaning], place: str) -> Reading:
    """Give a part of a file today's names and codes; a thing said under two names is a flaw."""
    reading = Reading({})
    implied: dict[str, Any] = {}
    for name, value in part.items():
        here = f"{place}.{name}"
        meaning = fields.get(_folded(str(name)))
        try:
            found = {name: value} if meaning is None else _meant(meaning, value, part)
        except ValueError as error:
            reading.flaws.append(Flaw(WRONG_VALUE, here, str(error), "correct it"))
            continue
        if meaning is not None:
            reading.notes.append(f"{here} is read as {' and '.join(found) or 'nothing more'}")
        for target, inner in list(found.items())[:1]:
            if target in reading.values or (meaning is not None and target in part):
                reading.flaws.append(Flaw(SAID_TWICE, here, f"says {target} again", "keep one of the two"))
            else:
                reading.said[target] = name
                reading.values[target] = _coded(target, inner, here, reading)
        implied.update(list(found.items())[1:])
    reading.values = implied | reading.values
    return reading


def _meant(meaning: Meaning, value: Any, part: Mapping[str, Any]) -> dict[str, Any]:
    return {meaning: value} if isinstance(meaning, str) else meaning(value, part)


def _coded(name: str, value: Any, place: str, reading: Reading) -> Any:
    """The codes of a field that has some, in today's words."""
    if isinstance(value, list | tuple):
        return [_coded(name, item, place, reading) for item in value] if name in WORDS else value
    if name not in WORDS or not isinstance(value, str):
        return value
    word = WORDS[name].get(_folded(value), _folded(value))
    if word != value:
        reading.notes.append(f"{place}: {value} is read as {word}")
    return word


def _metric(whole: Mapping[str, Any]) -> str:
    for name in ("metric", "variant", "trigger_type"):
        if isinstance(word := whole.get(name), str):
            return WORDS["metric"].get(_folded(word), _folded(word))
    return ""


def _folded(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
