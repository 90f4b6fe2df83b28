"""Days of obligations: one category a slot, sums only; the worked vectors of one meter and day."""

from decimal import Decimal

import pytest

from tests.dbt.contract_world import Contract, profile_day


@pytest.fixture
def contract(world) -> Contract:
    return Contract(world)


def hours(day: dict) -> tuple:
    """Produced, not producing, excused, without data, out of specification."""
    names = ("produced", "not_producing", "excused", "no_data", "out_of_specification")
    return tuple(day[f"{name}_hours"] for name in names)


def test_v0_v1_a_day_and_an_outage(contract) -> None:
    meters = [contract.meter("v0"), contract.meter("v1")]
    undisturbed, disturbed = (contract.obligation(meter) for meter in meters)
    stopped = profile_day("v1", h10={"energy": 0}, h11={"energy": 0})
    contract.publish(contract.world.load([*profile_day("v0"), *stopped]))

    day = contract.day(undisturbed)
    assert hours(day) == (11, 0, 0, 0, 13)
    assert (day["slots_expected"], day["measured_slots"], day["energy_wh"]) == (24, 24, 440_000)
    assert (day["raw_hours_available"], day["raw_hours_expected"], day["lost_energy_wh"]) == (11, 11, 0)

    day = contract.day(disturbed)
    assert hours(day) == (9, 2, 0, 0, 13)
    assert (day["energy_wh"], day["lost_energy_wh"]) == (316_000, 124_000)
    assert (day["produced_irradiation_wh_m2"], day["expected_irradiation_wh_m2"]) == (3910, 5460)
    energy_availability = 100 * day["energy_wh"] / (day["energy_wh"] + day["lost_energy_wh"])
    assert round(energy_availability, 2) == Decimal("71.82")
