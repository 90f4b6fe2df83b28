"""What a contract file means where it is silent: the only place with defaults, and docs/contracts.md shows them.

Defaults are columns of the obligation once it is applied, so a later change here changes no contract. Capacities and
meters follow from the plant (`pipeline/contract_parties.py`).
"""

from collections.abc import Mapping
from typing import Any

from include.core.terms_obligation import CATEGORIES, SUBSTITUTES, Obligation

EVERY_METRIC: Mapping[str, Any] = {
    "clause_ref": "",
    "title": "",
    "settle_days": 5,
    "measurement_boundary": "plant_meter",
    "loss_factor": 0,
    "meter_error_lookback": "half",
    "expected_from": "irradiance",
    "irradiance_min_wm2": 50,
    "sun_elevation_min_deg": 5,
    "power_min_w": 0,
    "power_min_share": 0,
    "downtime_basis": "slot",
    "weighting": "time",
    "excused_classes": (),
    "excused_method": "exclude_both",
    "category_priority": CATEGORIES,
    "missing_policy": "exclude",
    "min_completeness_percent": 90,
    "substitute_order": SUBSTITUTES,
    "substitute_loss_factor": 0,
    "degradation_per_year": 0,
    "is_temperature_corrected": False,
    "reference_temperature_c": 25,
    "efficiency_factor": 1,
    "deemed_method": "none",
    "deemed_classes": (),
    "deemed_irradiance_min_wm2": 100,
    "ld_basis": "none",
    "ld_step_mode": "pro_rata",
    "rounding": "half_up",
    "money_decimals": 2,
    "day_count": "calendar",
}
# what excuses when the contract does not say
USUAL_EXCUSES = ("force_majeure", "grid_outage", "curtailment", "owner_caused")

BY_METRIC: Mapping[str, Mapping[str, Any]] = {
    "availability": {"period_type": "month", "excused_classes": USUAL_EXCUSES},
    "energy": {"period_type": "contract_year"},
    "performance_ratio": {"period_type": "contract_year", "excused_classes": USUAL_EXCUSES},
    "capacity_factor": {"period_type": "month", "excused_classes": USUAL_EXCUSES},
    # completeness is the promise itself, so no lack of data makes it inconclusive
    "completeness": {"period_type": "month", "min_completeness_percent": 0},
    "delay": {"period_type": "once", "min_completeness_percent": 0},
}
# where energy is deemed delivered
DEEMED_CLASSES = ("curtailment",)


def of_metric(metric: str) -> dict[str, Any]:
    """Every default of a metric."""
    return {**EVERY_METRIC, **BY_METRIC[metric]}


def completed(obligation: Obligation) -> tuple[Obligation, tuple[str, ...]]:
    """The obligation with its defaults, and the names of the fields that were silent."""
    defaults = of_metric(obligation.metric)
    if obligation.deemed_method not in {None, "none"}:
        defaults["deemed_classes"] = DEEMED_CLASSES
    silent = {name: value for name, value in defaults.items() if getattr(obligation, name) is None}
    spoken = obligation.model_dump(exclude_none=True)
    return Obligation.model_validate(silent | spoken), tuple(silent)
