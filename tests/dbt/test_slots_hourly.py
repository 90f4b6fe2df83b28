"""The worked vectors of one hourly day: each has a meter of its own, and all are built by one publication."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from tests.dbt.contract_world import DAY, FIRST_DAY, PROFILE, WH_PER_WM2, Contract, hours, profile_day

STOPPED = {"h10": {"energy": 0}, "h11": {"energy": 0}}
POLICIES = ("unavailable", "exclude", "available")
SILENT = {f"h{hour:02}": None for hour in range(24)}
VECTORS = {
    "v0": {},
    "v1": STOPPED,
    "v2 exclude_both": STOPPED,
    "v2 credit": STOPPED,
    **{f"v3 {policy}": {**STOPPED, "h09": None} for policy in POLICIES},
    "v4": {f"h{hour:02}": None for hour in range(6)},
    **{f"v5 {policy}": SILENT for policy in POLICIES},
}
DOWN = Decimal("81.82")


@pytest.fixture(scope="module")
def built() -> dict:
    return {}


@pytest.fixture
def results(built, request) -> SimpleNamespace:
    """Days and aggregates by the name of the vector; a sensor goes on while the meters are silent."""
    if not built:
        contract = Contract(request.getfixturevalue("world"), ends_on=FIRST_DAY)
        sensor = contract.meter("sensor", meter_type="IRRADIANCE")
        meters, promises, rows = {}, {}, profile_day("sensor", energy=None)
        for name, changes in VECTORS.items():
            kind = name.split()[-1]
            meters[name] = contract.meter(name, reading_interval_seconds=3600)
            terms = {"missing_policy": kind} if kind in POLICIES else {}
            method = "credit" if kind == "credit" else "exclude_both"
            helpers = {"irradiance": [sensor]}
            promises[name] = contract.obligation(meters[name], helpers, excused_method=method, **terms)
            rows += profile_day(name, **changes)
            if name.startswith("v2"):
                contract.event("curtailment", DAY.replace(hour=11), DAY.replace(hour=12), meter_id=meters[name])
        contract.publish(contract.world.load(rows))
        days, aggregates = contract.days(), contract.aggregates()
        built["day"] = {name: days[promise, FIRST_DAY] for name, promise in promises.items()}
        built["figures"] = {
            name: {(kind, at): row for (number, kind, at), row in aggregates.items() if number == meter}
            for name, meter in meters.items()
        }
    return SimpleNamespace(**built)


def availability(results, name: str) -> tuple:
    """Contractual and raw availability of the day, percent."""
    figures = results.figures[name]["daily", DAY]
    return figures["availability_percent"], figures["raw_availability_percent"]


def completeness(results, name: str) -> tuple:
    figures = results.figures[name]["daily", DAY]
    return figures["reading_count"], figures["data_completeness_percent"]


def test_v0_an_undisturbed_day(results) -> None:
    day = results.day["v0"]
    assert hours(day) == (11, 0, 0, 0, 13)
    assert (day["slots_expected"], day["measured_slots"], day["energy_wh"]) == (24, 24, 440_000)
    assert availability(results, "v0") == (100, 100)
    assert completeness(results, "v0") == (24, 100)
    assert results.figures["v0"]["daily", DAY]["energy_kwh"] == 440


def test_v1_an_outage_of_two_hours(results) -> None:
    day = results.day["v1"]
    assert hours(day) == (9, 2, 0, 0, 13)
    assert (day["energy_wh"], day["lost_energy_wh"]) == (316_000, 124_000)
    assert (day["produced_irradiation_wh_m2"], day["expected_irradiation_wh_m2"]) == (3910, 5460)
    assert availability(results, "v1") == (DOWN, DOWN)
    figures = results.figures["v1"]["daily", DAY]
    assert (figures["hours_available"], figures["hours_expected"], figures["lost_energy_kwh"]) == (9, 11, 124)
    assert figures["energy_availability_percent"] == Decimal("71.82")
    assert figures["irradiance_availability_percent"] == Decimal("71.61")
    assert figures["poa_irradiation_wh_m2"] == 5500


def test_hours_and_months_hold_what_the_day_holds(results) -> None:
    """Nothing else ever fills hours_available: rolled up from slots, hour by hour, and from days, month by month."""
    figures = results.figures["v1"]
    columns = ("hours_available", "hours_expected", "availability_percent", "lost_energy_kwh")
    by_hour = [tuple(figures["hourly", DAY + timedelta(hours=hour)][c] for c in columns) for hour in range(5, 12)]
    assert by_hour == [(0, 0, None, 0)] * 2 + [(1, 1, 100, 0)] * 3 + [(0, 1, 0, 56), (0, 1, 0, 68)]
    assert [figures["monthly", DAY][c] for c in columns] == [9, 11, DOWN, 124]


def test_v2_an_excused_hour_leaves_both_sides_or_is_credited(results) -> None:
    assert hours(results.day["v2 credit"]) == hours(results.day["v2 exclude_both"]) == (9, 1, 1, 0, 13)
    assert availability(results, "v2 exclude_both") == (90, DOWN)
    assert availability(results, "v2 credit") == (Decimal("90.91"), DOWN)
    day = results.day["v2 credit"]
    assert (day["excused_hours_by_class"], len(day["excused_event_ids"])) == ({"curtailment": 1}, 1)
    assert (day["raw_hours_available"], day["raw_hours_expected"]) == (9, 11)
    assert (day["lost_energy_wh"], day["excused_lost_energy_wh"]) == (56_000, 68_000)


def test_v3_a_missing_hour_counts_as_the_contract_says(results) -> None:
    for policy, expected in zip(POLICIES, (Decimal("72.73"), 80, DOWN), strict=True):
        day = results.day[f"v3 {policy}"]
        assert hours(day) == (8, 2, 0, 1, 13)
        assert day["energy_wh"] == 276_000
        assert availability(results, f"v3 {policy}") == (expected, Decimal("72.73"))
        assert completeness(results, f"v3 {policy}") == (23, Decimal("95.83"))


def test_v4_the_night_does_not_matter(results) -> None:
    assert hours(results.day["v4"]) == (11, 0, 0, 0, 13)
    assert availability(results, "v4") == (100, 100)
    assert completeness(results, "v4") == (18, 75)


def test_v5_silence_is_no_outage(results) -> None:
    """No breach may come of it: eleven hours are unknown, none is an outage."""
    for policy in POLICIES:
        day = results.day[f"v5 {policy}"]
        assert hours(day) == (0, 0, 0, 11, 13)
        assert (day["slots_expected"], day["measured_slots"], day["source_system"]) == (24, 0, None)
        assert ("daily", DAY) not in results.figures[f"v5 {policy}"]


def test_the_profile_is_the_one_of_the_examples() -> None:
    assert sum(PROFILE.values()) * WH_PER_WM2 == 440_000
