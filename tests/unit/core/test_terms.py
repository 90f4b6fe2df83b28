"""Contract files by themselves: names, bounds, defaults, and what fields must be to each other."""

from decimal import Decimal
from typing import Any

import pytest

from include.core.contract_errors import ContractRefused
from include.core.terms_check import Checked, check
from include.core.terms_defaults import of_metric
from include.core.terms_obligation import METRICS, Obligation

HEAD = {"external_contract_id": "C-1"}
BASE: dict[str, dict[str, Any]] = {
    "availability": {"guarantee_percent": 98},
    "energy": {"guarantee_percent": 90, "base_energy_kwh": 18500000},
    "performance_ratio": {"guarantee_ratio": "0.8"},
    "capacity_factor": {"guarantee_percent": 20},
    "completeness": {"guarantee_percent": 95},
    "delay": {"promised_on": "2026-03-31"},
}


def checked(metric: str = "availability", **fields: Any) -> Checked:
    values = {"code": "one", "metric": metric, **BASE[metric], **fields}
    return check({"contract": HEAD, "obligations": [{k: v for k, v in values.items() if v != "leave out"}]})


def one(metric: str = "availability", **fields: Any) -> Obligation:
    return checked(metric, **fields).obligations[0]


def flaws(metric: str = "availability", **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ContractRefused) as raised:
        checked(metric, **fields)
    assert all(flaw.message and flaw.remedy for flaw in raised.value.flaws)
    return [(flaw.code[:4], flaw.place.removeprefix("obligations[0].")) for flaw in raised.value.flaws]


@pytest.mark.parametrize("metric", METRICS)
def test_the_shortest_promise_of_each_metric_is_completed_by_its_defaults(metric):
    obligation = one(metric)
    for name, value in of_metric(metric).items():
        assert getattr(obligation, name) == (tuple(value) if isinstance(value, list | tuple) else value), name
    assert check({"contract": HEAD, "obligations": [obligation.model_dump(exclude_none=True)]}).silent["one"] == ()


def test_numbers_stay_exact_and_binary_fractions_are_refused():
    for spelled in ("0.1", Decimal("0.1"), "1e-1"):
        assert one(loss_factor=spelled).loss_factor == Decimal("0.1")
    assert flaws(loss_factor=0.1) == [("C704", "loss_factor")]
    assert one(settle_days="012").settle_days == 12
    assert (one(clause_ref=Decimal("5.10")).clause_ref, one(title=7).title) == ("5.10", "7")
    assert flaws(title=Decimal("1e3")) == flaws(title=True) == [("C704", "title")]
    for wrong in (True, "0,1", "many", "NaN", [1], "1" * 50):
        assert flaws(ld_floor=wrong) == [("C704", "ld_floor")]
    assert flaws("energy", expected_performance_ratio="71964646004191624") == [("C704", "expected_performance_ratio")]
    assert flaws(settle_days=Decimal("1e999999")) == [("C704", "settle_days")]
    assert flaws(ld_floor="0.12345678901") == [("C704", "ld_floor")], "more places than are stored"
    for wrong in ("2026-02-30", "31.03.2026", 20260331, "0001-01-01", "2026-03-31T00:00"):
        assert flaws("delay", promised_on=wrong) == [("C704", "promised_on")]


@pytest.mark.parametrize(
    ("metric", "fields", "found"),
    [
        ("availability", {"guarantee_percent": "leave out"}, [("C703", "guarantee_percent")]),
        ("availability", {"guarantee_percent": 101}, [("C705", "guarantee_percent")]),
        ("availability", {"guarantee_ratio": "0.98"}, [("C705", "guarantee_ratio")]),
        ("performance_ratio", {"guarantee_percent": 80}, [("C705", "guarantee_percent")]),
        ("performance_ratio", {"guarantee_ratio": 80}, [("C704", "guarantee_ratio")]),
        ("availability", {"period_type": "once"}, [("C705", "period_type")]),
        ("delay", {"period_type": "quarter"}, [("C705", "period_type")]),
        ("energy", {"base_energy_kwh": "leave out"}, [("C703", "base_energy_kwh")]),
        ("energy", {"guarantee_years": [{"operating_year": 1}]}, [("C703", "guarantee_years[0]")]),
        ("energy", {"guarantee_years": [{"operating_year": 1, "expected_kwh": 1}] * 2},
         [("C705", "guarantee_years[0]"), ("C705", "guarantee_years[1]")]),
        ("availability", {"base_energy_kwh": 1}, [("C705", "base_energy_kwh")]),
        ("availability", {"degradation_per_year": "0.005"}, [("C705", "degradation_per_year")]),
        ("availability", {"ld_basis": "per_point"}, [("C703", "ld_rate")]),
        ("availability", {"ld_rate": 5}, [("C705", "ld_rate")]),
        ("completeness", {"ld_basis": "per_mwh", "ld_rate": 1}, [("C705", "ld_basis")]),
        ("availability", {"ld_basis": "per_mwh", "ld_rate": 1}, [("C703", "expected_performance_ratio")]),
        ("energy", {"ld_basis": "per_point", "ld_rate": 1}, [("C705", "ld_basis")]),
        ("energy", {"ld_basis": "price_difference", "ld_alternate_price_per_mwh": 62},
         [("C703", "ld_contract_price_per_mwh")]),
        ("availability", {"ld_step": 1, "ld_floor": 2, "cap_per_year": 3},
         [("C705", "ld_step"), ("C705", "ld_floor"), ("C705", "cap_per_year")]),
        ("availability", {"ld_basis": "flat", "ld_rate": 1, "ld_step": 1}, [("C705", "ld_step")]),
        ("availability", {"ld_basis": "flat", "ld_rate": 1, "cap_lifetime_fee_share": "0.1"},
         [("C703", "cap_lifetime_fee_share")]),
        ("availability", {"maintenance_hours_per_year": 40}, [("C705", "maintenance_hours_per_year")]),
        ("availability", {"force_majeure_notice_days": 5, "excused_classes": []},
         [("C705", "force_majeure_notice_days")]),
        ("availability", {"excused_classes": ["curtailment", "curtailment"]}, [("C705", "excused_classes")]),
        ("availability", {"category_priority": ["produced"]}, [("C705", "category_priority")]),
        ("availability", {"excused_classes": ["curtailment", "grid_outage"], "category_priority":
         ["curtailment", "out_of_specification", "produced", "no_data", "not_producing"]},
         [("C705", "category_priority")]),
        ("availability", {"excused_classes": ["curtailment"], "category_priority":
         ["out_of_specification", "produced", "weather", "excused", "no_data", "not_producing"]},
         [("C705", "category_priority")]),
        ("availability", {"weighting": "energy"}, [("C703", "expected_performance_ratio")]),
        ("availability", {"downtime_basis": "event_log", "missing_policy": "substitute", "weighting": "irradiance"},
         [("C705", "missing_policy"), ("C705", "weighting")]),
        ("energy", {"downtime_basis": "event_log"}, [("C705", "downtime_basis")]),
        ("availability", {"missing_policy": "substitute", "substitute_order": []}, [("C703", "substitute_order")]),
        ("availability", {"missing_policy": "substitute", "substitute_order": ["model"]},
         [("C703", "expected_performance_ratio")]),
        ("completeness", {"missing_policy": "substitute"}, [("C705", "missing_policy")]),
        ("performance_ratio", {"is_temperature_corrected": True}, [("C703", "temperature_coefficient_per_c")]),
        ("availability", {"is_temperature_corrected": True}, [("C705", "is_temperature_corrected")]),
        ("performance_ratio", {"deemed_method": "interval"}, [("C705", "deemed_method")]),
        ("energy", {"deemed_classes": ["curtailment"]}, [("C705", "deemed_classes")]),
        ("energy", {"deemed_method": "fixed"}, [("C703", "deemed_kwh_per_interval")]),
        ("energy", {"deemed_method": "monthly_ratio"},
         [("C703", "deemed_reference_kwh"), ("C703", "deemed_reference_irradiance_wm2")]),
        ("delay", {"promised_on": "leave out"}, [("C703", "promised_on")]),
        ("delay", {"guarantee_percent": 1}, [("C705", "guarantee_percent")]),
        ("energy", {"promised_on": "2026-01-01"}, [("C705", "promised_on")]),
        ("availability", {"fx_rate_on": "2026-01-01", "fx_fixed_rate": 2}, [("C705", "fx_fixed_rate")]),
        ("availability", {"metrc": 1}, [("C702", "metrc")]),
        ("availability", {"meters": {"measured": ["M1"], "weather": []}}, [("C702", "meters.weather")]),
        ("availability", {"settle_days": 401}, [("C704", "settle_days")]),
        ("availability", {"title": "a\u202eb"}, [("C704", "title")]),
    ],
)  # fmt: skip
def test_fields_that_contradict_each_other_are_named(metric, fields, found):
    assert flaws(metric, **fields) == found


def test_the_whole_file_is_looked_through_before_it_is_refused():
    with pytest.raises(ContractRefused) as raised:
        check(
            {
                "contract": {**HEAD, "starts_on": "2026-02-01", "ends_on": "2026-01-01", "projct": "P"},
                "obligations": [{"code": "A", "metric": "response_time"}, "b", {"code": "x", "metric": "delay"}],
                "events": [{"external_event_id": "E", "event_class": "UNDERPERF", "starts_at": "yesterday"}],
                "meter_tests": {"meter": "M"},
                "tariffs": [],
            }
        )
    assert {(flaw.code[:4], flaw.place) for flaw in raised.value.flaws} == {
        ("C702", "tariffs"),
        ("C704", "meter_tests"),
        ("C702", "contract.projct"),
        ("C704", "obligations[0].code"),
        ("C704", "obligations[0].metric"),
        ("C704", "obligations[1]"),
        ("C703", "obligations[2].promised_on"),
        ("C704", "events[0].event_class"),
        ("C704", "events[0].starts_at"),
    }
    remedies = {flaw.place: flaw.remedy for flaw in raised.value.flaws}
    assert remedies["contract.projct"] == "did you mean project?"
    for nothing in ({}, {"organization": "X"}, [], "text", {"obligations": [{"code": "x", "metric": "delay"}]}):
        with pytest.raises(ContractRefused):
            check(nothing)


def test_two_promises_of_one_code_and_events_said_twice_are_refused():
    event = {"external_event_id": "E", "event_class": "weather", "starts_at": "2026-01-01T00:00Z"}
    late = event | {"external_event_id": "F", "ends_at": "2025-12-31T00:00Z"}
    promise = {"code": "one", "metric": "availability", "guarantee_percent": 98}
    with pytest.raises(ContractRefused) as raised:
        check({"contract": HEAD, "obligations": [promise] * 2, "events": [event, event, late]})
    assert [(flaw.code[:4], flaw.place) for flaw in raised.value.flaws] == [
        ("C707", "obligations[1].code"),
        ("C707", "events[1]"),
        ("C705", "events[2].ends_at"),
    ]
