"""Hours, days and months: local periods, one series a day, registers, completeness."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from psycopg.errors import CheckViolation

from tests.dbt.world import days, quarters

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def test_two_interval_lengths_are_never_added(world, meter) -> None:
    quarter_hours = quarters(JUNE, 96, external_device_id="A")
    five_minutes = [
        {
            "external_device_id": "A",
            "interval_start": JUNE + timedelta(minutes=5) * n,
            "energy": 4,
            "interval_seconds": 300,
        }
        for n in range(288)
    ]
    world.publish(world.load([*quarter_hours, *five_minutes]))
    assert days(world)[meter, JUNE.date()]["energy_wh"] == 960
    world.connection.execute("update core.meter set reading_interval_seconds = 300")
    world.publish(world.load(five_minutes[:1]))
    assert days(world)[meter, JUNE.date()]["energy_wh"] == 288 * 4
    hours = "select sum(energy_wh) from canonical.meter_aggregate where period_type = 'hourly'"
    assert world.value(hours) == 288 * 4


def test_hours_of_a_series_that_lost_the_day_are_emptied(world, meter) -> None:
    world.publish(world.load(quarters(JUNE, 4, external_device_id="A")))
    daily = {"external_device_id": "A", "interval_start": JUNE, "interval_seconds": 86400, "energy": 500}
    world.publish(world.load([daily]))
    rows = world.rows("select period_type, energy_wh, reading_count from canonical.meter_aggregate order by 1")
    assert [tuple(row.values()) for row in rows] == [("daily", 500, 1), ("hourly", None, 0), ("monthly", 500, 1)]


@pytest.mark.parametrize(
    "change",
    [
        "data_completeness_percent = 100.1",
        "usable_percent = -0.1",
        "assessed_obligation_id = 1, hours_expected = 2",
        "assessed_obligation_id = 1, hours_expected = 2, hours_available = 3, availability_percent = 150",
        "assessed_obligation_id = 1, hours_expected = 2, hours_available = 1, availability_percent = 60",
    ],
)
def test_no_aggregate_claims_more_than_there_is(world, meter, change) -> None:
    stored = f"""
        insert into canonical.meter_aggregate
        select row.* from jsonb_populate_record(null::canonical.meter_aggregate, jsonb_build_object(
            'organization_id', 1, 'project_id', 1, 'meter_id', {meter}, 'period_type', 'daily',
            'period_start', '2026-06-01', 'period_end', '2026-06-02', 'time_zone', 'UTC', 'source_system', 'manual',
            'reading_interval_seconds', 900, 'reading_count', 96, 'measured_count', 96, 'estimated_count', 0,
            'slots_expected', 96, 'data_completeness_percent', 100, 'usable_percent', 100, 'publication_id', 1,
            'aggregated_at', now(), 'basis', 'interval'
        )) as row
    """
    world.connection.execute(stored)
    with pytest.raises(CheckViolation, match=r"meter_aggregate_(shares|hours)"):
        world.connection.execute(f"update canonical.meter_aggregate set {change}")


def test_registers_become_interval_energy_across_publications(world) -> None:
    world.organization()
    project = world.project(1)
    world.meter(project, "roll", register_modulus_wh=1_000_000, rated_power_w=10_000)
    world.meter(project, "reset", rated_power_w=10_000)

    def registers(start: int, *totals: float) -> list[dict]:
        return [
            {
                "external_device_id": device,
                "interval_start": JUNE + timedelta(minutes=15) * (start + n),
                "energy_total": total,
            }
            for device in ("roll", "reset")
            for n, total in enumerate(totals)
        ]

    first = world.load(registers(0, 999_800, 999_900))
    second = world.load(registers(2, 150, 400))
    world.publish(first)
    world.publish(second)
    expected = [100, 250, 250, None, 100, None, 250, None]
    found = world.readings()
    assert [row["energy_wh"] for row in found] == expected
    assert [row["quality"] for row in found] == ["missing" if e is None else "estimated" for e in expected]
    assert world.value("select count(*) from canonical.meter_reading_revision") == 0

    world.empty()
    world.organization()
    project = world.project(1)
    world.meter(project, "roll", register_modulus_wh=1_000_000, rated_power_w=10_000)
    world.meter(project, "reset", rated_power_w=10_000)
    first = world.load(registers(0, 999_800, 999_900))
    second = world.load(registers(2, 150, 400))
    world.publish(second)
    world.publish(first)
    assert [row["energy_wh"] for row in world.readings()] == expected


def test_days_are_local_and_have_the_slots_that_elapse(world) -> None:
    world.organization()
    plants = {
        "Asia/Kathmandu": date(2026, 6, 10),
        "Europe/Berlin": date(2025, 10, 26),
        "America/Los_Angeles": date(2024, 2, 29),
        "Australia/Lord_Howe": date(2026, 4, 5),  # the clock goes back by half an hour
    }
    expected = {}
    rows = []
    for number, (zone, day) in enumerate(plants.items(), start=1):
        site = f"S{number}"
        meter = world.meter(world.project(1, zone, zone), site=site)
        start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        end_day = day + timedelta(days=1)
        end = datetime(end_day.year, end_day.month, end_day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        slots = int((end - start).total_seconds() // 900)
        rows += quarters(start - timedelta(minutes=15), 1 + slots + 1, external_site_id=site)
        expected[meter, day] = slots
    world.publish(world.load(rows))
    found = days(world)
    assert {key: found[key]["slots_expected"] for key in expected} == expected
    assert sorted(expected.values()) == [96, 96, 98, 100]
    for key, slots in expected.items():
        assert (found[key]["energy_wh"], found[key]["data_completeness_percent"]) == (slots * 10, 100)
    assert len(found) == 12
    for kind, count in (("daily", 12), ("monthly", 5)):
        sums = world.rows(
            "select count(*) as n, sum(energy_wh) as wh from canonical.meter_aggregate where period_type = %s", kind
        )
        assert tuple(sums[0].values()) == (count, len(rows) * 10)
    hours = "canonical.meter_aggregate where period_type = 'hourly'"
    assert world.value(f"select sum(energy_wh) from {hours}") == len(rows) * 10
    assert not world.rows(
        "select meter_id, date_trunc('hour', \"timestamp\", time_zone) as hour_start, sum(energy_wh) "
        "from canonical.meter_reading inner join core.project using (project_id) group by 1, 2 "
        f"except select meter_id, period_start, energy_wh from {hours}"
    )


def test_completeness_counts_measured_and_usable_separately(world, meter) -> None:
    rows = quarters(JUNE, 93, external_device_id="A")
    for row in rows[90:]:
        row["quality"] = "estimated"
    misaligned = {"external_device_id": "A", "interval_start": JUNE.replace(hour=10, minute=7), "energy": 10}
    load = world.load([*rows, rows[0], rows[1], misaligned])
    world.reject(load, 96, "R107_TS_GRID")
    world.publish(load)
    day = days(world)[meter, JUNE.date()]
    assert (day["reading_count"], day["slots_expected"]) == (93, 96)
    assert day["data_completeness_percent"] == Decimal("93.75")
    assert round(day["usable_percent"], 2) == Decimal("96.88")
