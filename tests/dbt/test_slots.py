"""Which days of obligations a publication computes, and which it leaves alone."""

from datetime import date, timedelta
from decimal import Decimal

from tests.dbt.contract_world import DAY, Contract, hours, profile_day

STOPPED = {"h10": {"energy": 0}, "h11": {"energy": 0}}


def test_late_words_and_second_thoughts_touch_their_days_only(world) -> None:
    """A sensor, an event and a reassessment change the day of a meter that sent nothing new."""
    contract = Contract(world)
    sensor, meter = contract.meter("sensor", meter_type="IRRADIANCE"), contract.meter("m", rated_power_w=100_000)
    promise = contract.obligation(meter, {"irradiance": [sensor]}, settle_days=400)
    rows = [
        {**row, "irradiance_wm2": None}
        for n in range(3)
        for row in profile_day("m", start=DAY + timedelta(days=n), **STOPPED)
    ]
    load = world.load(rows)
    first = contract.publish(load)
    before = contract.day(promise)
    assert (before["sun_decided_slots"], before["irradiation_wh_m2"], before["lost_energy_wh"]) == (24, None, None)
    table = ("canonical.obligation_day", "obligation_id, meter_id, day_on")
    digest = world.digest(*table)
    contract.publish(load)
    assert world.digest(*table) == digest

    late = contract.publish(world.load(profile_day("sensor")))
    assert contract.day(promise)["lost_energy_wh"] == 124_000
    assert contract.aggregates()[meter, "daily", DAY]["lost_energy_kwh"] == 124
    contract.event("curtailment", DAY.replace(day=2, hour=10), DAY.replace(day=2, hour=12))
    contract.event("curtailment", DAY.replace(day=3, hour=10), DAY.replace(day=3, hour=12))
    contract.reassess(date(2026, 6, 2), date(2026, 6, 2))
    again = contract.publish()
    days = contract.days()
    assert [day["excused_hours"] for day in days.values()] == [0, 2, 0]
    assert [day["publication_id"] for day in days.values()] == [late, again, first]
    aggregates = contract.aggregates()
    second = aggregates[meter, "daily", DAY.replace(day=2)]
    assert (second["excused_hours"], second["energy_kwh"]) == (2, 316)
    assert aggregates[meter, "hourly", DAY.replace(day=2, hour=10)]["excused_hours"] == 1
    month = aggregates[meter, "monthly", DAY]
    assert (month["excused_hours"], month["energy_kwh"]) == (2, 3 * 316)
    assert month["capacity_factor_percent"] == round(Decimal(100 * 948) / (100 * 30 * 24), 2)


def test_only_days_that_can_be_assessed_are(world) -> None:
    """Nothing before the first assessed day, after the contract's end or in a retired month; a period that is due
    also has the days of which nothing was heard."""
    contract = Contract(world, assess_from_on=date(2026, 6, 2), ends_on=date(2026, 6, 4))
    contract.obligation(contract.meter("m"))
    contract.publish(world.load([row for n in (0, 1, 3, 4) for row in profile_day("m", start=DAY + timedelta(days=n))]))
    days = {on.day: day for (_, on), day in contract.days().items()}
    assert {on: day["measured_slots"] for on, day in days.items()} == {2: 24, 3: 0, 4: 24}
    assert (days[3]["reading_interval_seconds"], days[3]["slots_expected"]) == (3600, 24)
    assert hours(days[3])[:3] == (0, 0, 0)
    assert days[3]["sun_decided_slots"] == 24
    assert days[3]["no_data_hours"] > 12

    world.connection.execute("insert into ops.retired_month (month_start) values ('2026-06-01')")
    contract.event("curtailment", DAY, DAY + timedelta(days=9))
    contract.reassess(date(2026, 6, 1), date(2026, 6, 30))
    digest = world.digest("canonical.obligation_day", "day_on")
    contract.publish()
    assert world.digest("canonical.obligation_day", "day_on") == digest
