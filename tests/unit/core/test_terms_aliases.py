"""Older names of fields and codes mean what they meant, and the plan says how they were read."""

from decimal import Decimal
from typing import Any

import pytest

from include.core.contract_errors import ContractRefused
from include.core.terms_aliases import CONTRACT_FIELDS, EVENT_CLASSES, EVENT_FIELDS, FIELDS, TEST_FIELDS, WORDS
from include.core.terms_check import check
from include.core.terms_obligation import EVENT_CLASSES as CLASSES
from tests.unit.core.test_terms import HEAD, checked, one

PAID = {"ld_basis": "flat", "ld_rate": 1}


@pytest.mark.parametrize(
    ("metric", "said", "meant"),
    [
        ("availability", {"threshold": 97}, {"guarantee_percent": 97}),
        ("availability", {"threshold_percent": 97, "threshold_unit": "percent"}, {"guarantee_percent": 97}),
        ("availability", {"guaranteed_availability_percent": 97}, {"guarantee_percent": 97}),
        ("availability", {"minimum_availability_percent": 97}, {"guarantee_percent": 97}),
        ("availability", {"guarantee": 97}, {"guarantee_percent": 97}),
        ("performance_ratio", {"threshold": "0.79"}, {"guarantee_ratio": Decimal("0.79")}),
        ("performance_ratio", {"threshold": 79}, {"guarantee_ratio": Decimal("0.79")}),
        ("performance_ratio", {"threshold_percent": 79}, {"guarantee_ratio": Decimal("0.79")}),
        ("availability", {"ld_per_point": 5}, {"ld_rate": 5, "ld_basis": "per_point"}),
        ("availability", {"penalty_rate": 5}, {"ld_rate": 5, "ld_basis": "per_point"}),
        ("availability", {"penalty_rate": 5, "ld_basis": "flat"}, {"ld_rate": 5, "ld_basis": "flat"}),
        ("availability", {"calculation_type": "flat_fee", "rate": 7}, {"ld_basis": "flat", "ld_rate": 7}),
        ("availability", PAID | {"ld_cap_annual": 9}, {"cap_per_year": 9}),
        ("availability", PAID | {"ld_cap": 9}, {"cap_per_year": 9}),
        ("availability", PAID | {"cap_amount": 9, "cap_type": "cumulative"}, {"cap_lifetime": 9}),
        ("availability", PAID | {"cap_amount": 9, "cap_type": "per_event"}, {"cap_per_period": 9}),
        ("availability", PAID | {"ld_cap_period": 9, "cumulative_cap": 90}, {"cap_per_period": 9, "cap_lifetime": 90}),
        ("availability", {"measurement_period": "annual"}, {"period_type": "contract_year"}),
        ("availability", {"measurement_period": "Monthly"}, {"period_type": "month"}),
        ("availability", {"irradiance_threshold_wm2": 100}, {"irradiance_min_wm2": 100}),
        ("availability", {"excused_events": ["GRID_OUTAGE", "EQUIP_FAIL", "Equip Failure", "CURTAIL"][:2]},
         {"excused_classes": ("grid_outage", "forced_outage")}),
        ("availability", {"excused_events": ["EQUIP_FAILURE", "GRID_CURTAIL", "SCHEDULED_MAINT"],
                          "scheduled_outage_max_hours_per_year": 40, "scheduled_outage_notice_days": 14},
         {"excused_classes": ("forced_outage", "curtailment", "scheduled_maintenance"),
          "maintenance_hours_per_year": 40, "maintenance_notice_days": 14}),
        ("energy", {"degradation_rate_percent_per_year": "0.5"}, {"degradation_per_year": Decimal("0.005")}),
        ("energy", {"shortfall_formula_type": "price_differential", "p_alternate": "0.062", "p_solar": "0.0485"},
         {"ld_basis": "price_difference", "ld_alternate_price_per_mwh": 62,
          "ld_contract_price_per_mwh": Decimal("48.5")}),
        ("energy", {"shortfall_rate_per_kwh": "0.02"}, {"ld_rate": Decimal("0.02"), "ld_basis": "per_kwh"}),
        ("capacity_factor", {"nameplate_capacity_mw": 10}, {"capacity_ac_kw": 10000}),
        ("availability", {"cure_period_days": 30}, {"cure_days": 30}),
    ],
)  # fmt: skip
def test_an_older_name_is_read(metric, said, meant):
    fields = {name: "leave out" for name in ("guarantee_percent", "guarantee_ratio") if name in meant}
    found = checked(metric, **fields, **said)
    for name, value in meant.items():
        assert getattr(found.obligations[0], name) == value
    assert found.notes and all(note.startswith("obligations[0].") for note in found.notes)


def test_a_guaranteed_year_is_the_whole_of_it():
    said = {"code": "one", "metric": "energy", "guaranteed_annual_production_kwh": 5}
    [obligation] = check({"contract": HEAD, "obligations": [said]}).obligations
    assert (obligation.base_energy_kwh, obligation.guarantee_percent) == (5, 100)
    assert one("energy", base_energy_kwh="leave out", guaranteed_annual_production_kwh=5).guarantee_percent == 90


@pytest.mark.parametrize(
    "twice", [{"threshold_percent": 97, "guarantee_percent": 98}, {"ld_per_point": 1, "penalty_rate": 2}]
)
def test_the_same_thing_under_two_names_is_refused(twice: dict[str, Any]):
    with pytest.raises(ContractRefused) as raised:
        checked(**twice)
    assert raised.value.code == "C707_SAID_TWICE"


def test_a_unit_that_is_not_ours_is_refused():
    with pytest.raises(ContractRefused):
        checked(threshold_unit="days")


def test_codes_of_events_mean_one_class_whatever_their_spelling():
    said = {"GRID_OUTAGE": "grid_outage", "grid outage": "grid_outage", "EQUIP_FAIL": "forced_outage"}
    said |= {"EQUIP_FAILURE": "forced_outage", "CURTAIL": "curtailment", "Force-Majeure": "force_majeure"}
    for number, (code, meant) in enumerate(said.items()):
        event = {"id": number, "type": code, "time_start": "2026-01-01T00:00Z"}
        [found] = check({"events": [event]}).events
        assert (found.event_class, found.external_event_id) == (meant, str(number))
    assert set(EVENT_CLASSES.values()) <= set(CLASSES)


def test_no_alias_hides_a_name_of_today():
    from include.core.terms import Contract, Event, MeterTest
    from include.core.terms_obligation import Obligation

    for aliases, model in (
        (FIELDS, Obligation), (CONTRACT_FIELDS, Contract), (EVENT_FIELDS, Event), (TEST_FIELDS, MeterTest)
    ):  # fmt: skip
        assert aliases.keys().isdisjoint(model.model_fields)
        assert {meant for meant in aliases.values() if isinstance(meant, str)} <= set(model.model_fields)
    assert WORDS.keys() <= set(Obligation.model_fields) | {"event_class"}
