"""Billing reads: resolved, kept with all versions, published beside the roll-up, reconciled with it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.dbt.billing_world import Billing, read
from tests.dbt.world import quarters


@pytest.fixture
def billing(world) -> Billing:
    return Billing(world, time_zone="Europe/Berlin")


def test_a_read_becomes_a_month_beside_our_own_roll_up(world, billing) -> None:
    meter = world.meter(billing.project, "A")
    line = billing.line("L1", meter)
    tariff = billing.tariff("L1", date(2026, 1, 1), date(2026, 12, 31))
    world.publish(billing.load(read("L1", "2026-03-31", 1000, 3500, discount_reading=100, sourced_energy=50)))

    month = billing.months()[0]
    assert (month["meter_id"], month["billed_line_id"], month["tariff_id"]) == (meter, line, tariff)
    assert (month["total_production_kwh"], month["energy_kwh"], month["energy_wh"]) == (2350, 2350, 2350000)
    assert month["utilized_reading_kwh"] == 2500
    # the last day belongs to the period, and the clocks changed on the 29th
    assert month["period_start"] == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert month["period_end"] == datetime(2026, 3, 31, 22, tzinfo=UTC)


def test_a_later_read_supersedes_and_the_first_version_stays_as_it_was(world, billing) -> None:
    billing.line("L1", world.meter(billing.project, "A"))
    first = billing.load(read("L1", "2026-03-31", 0, 100))
    world.publish(first)
    before = billing.versions()[0]
    second = billing.load(read("L1", "2026-03-31", 0, 110))
    world.publish(second)

    old, new = billing.versions()
    moved = {"superseded_at", "superseded_by_load_id", "superseded_by_row_number", "supersede_reason"}
    assert {name: old[name] for name in old.keys() - moved} == {name: before[name] for name in old.keys() - moved}
    assert (old["superseded_by_load_id"], old["supersede_reason"]) == (second, "replaced")
    assert (new["energy_kwh"], new["superseded_at"]) == (110, None)
    assert [month["energy_kwh"] for month in billing.months()] == [110]


def test_an_earlier_load_that_is_published_later_does_not_win(world, billing) -> None:
    billing.line("L1", world.meter(billing.project, "A"))
    early = billing.load(read("L1", "2026-03-31", 0, 100), status="held")
    world.publish(billing.load(read("L1", "2026-03-31", 0, 110)))
    world.publish(early)
    assert [(v["energy_kwh"], v["superseded_at"] is None) for v in billing.versions()] == [(100, False), (110, True)]
    assert [month["energy_kwh"] for month in billing.months()] == [110]


def test_a_repeated_value_makes_no_version_and_a_second_build_writes_nothing(world, billing) -> None:
    billing.line("L1", world.meter(billing.project, "A"))
    billing.line("L2")
    row, other = read("L1", "2026-03-31", 0, 100), read("L2", "2026-03-31", 5, 6)
    world.publish(billing.load(row, other))
    tables = [
        ("canonical.billing_read", "billed_line_id, load_id, publication_id"),
        ("canonical.meter_aggregate", "billed_line_id, period_start"),
    ]
    before = [world.digest(*table) for table in tables]
    world.open(billing.load(row, other, row))
    world.build()
    world.build()
    world.close()
    assert [world.digest(*table) for table in tables] == before


def test_a_value_confirmed_later_holds_against_a_load_between(world, billing) -> None:
    billing.line("L1", world.meter(billing.project, "A"))
    world.publish(billing.load(read("L1", "2026-03-31", 0, 100)))
    between = billing.load(read("L1", "2026-03-31", 0, 110), status="held")
    world.publish(billing.load(read("L1", "2026-03-31", 0, 100)))
    world.publish(between)
    current = [version for version in billing.versions() if version["superseded_at"] is None]
    assert [version["energy_kwh"] for version in current] == [100]


def test_a_row_that_belongs_to_another_line_now_leaves_the_first_one_empty(world, billing) -> None:
    meter = world.meter(billing.project, "A")
    wrong, right = billing.line("L1", meter), billing.line("L2", meter)
    load = billing.load(read("L1", "2026-03-31", 0, 100))
    world.publish(load)
    billing.restage(load, read("L2", "2026-03-31", 0, 100))
    world.publish(load)
    states = {version["billed_line_id"]: version["supersede_reason"] for version in billing.versions()}
    assert states == {wrong: "moved", right: None}
    assert [(m["billed_line_id"], m["energy_kwh"]) for m in billing.months()] == [(wrong, None), (right, 100)]


def test_a_line_that_gets_its_meter_later_moves_its_month(world, billing) -> None:
    line = billing.line("L1")
    load = billing.load(read("L1", "2026-03-31", 0, 100))
    world.publish(load)
    meter = world.meter(billing.project, "A")
    world.connection.execute("update core.contract_line set meter_id = %s where contract_line_id = %s", [meter, line])
    billing.restage(load, read("L1", "2026-03-31", 0, 100))
    world.publish(load)
    assert [(m["meter_id"], m["energy_kwh"]) for m in billing.months()] == [(meter, 100), (None, None)]


def test_lines_without_a_meter_do_not_collide(world, billing) -> None:
    for name in ("L1", "L2"):
        billing.line(name)
    world.publish(billing.load(read("L1", "2026-03-31", 0, 1), read("L2", "2026-03-31", 0, 2)))
    world.publish(billing.load(read("L2", "2026-03-31", 0, 3)))
    assert [(m["meter_id"], m["energy_kwh"]) for m in billing.months()] == [(None, 1), (None, 3)]


def test_a_register_goes_on_where_the_period_before_ended(world, billing) -> None:
    billing.line("L1")
    billing.line("L2")
    world.publish(billing.load(read("L1", "2026-01-31", 0, 100), read("L2", "2026-01-31", 0, 100)))
    load = billing.load(
        read("L1", "2026-02-28", 100.4, 200),
        read("L1", "2026-03-31", 250, 300),
        read("L1", "2026-05-31", 999, 1000),
        read("L2", "2026-02-28", 0, 90),
    )
    gaps = {str(row["bill_on"]): row["register_gap_kwh"] for row in billing.profiled(load)[:3]}
    assert gaps == {"2026-02-28": Decimal("0.4"), "2026-03-31": 50, "2026-05-31": None}
    assert billing.profiled(load)[3]["register_gap_kwh"] is None, "it counts each period from zero"


def test_a_row_is_told_what_is_wrong_with_it(world, billing) -> None:
    billing.line("L1", effective_start_on=date(2026, 2, 1), effective_end_on=date(2026, 12, 30))
    load = billing.load(
        read("L1", "2026-01-31", 0, 1),
        read("L1", "2026-12-31", 0, 1),
        read("L1", "2026-03-31", 5, 1),
        read("L1", "2026-04-30", 0, 1, utilized_reading=2),
        read("L1", "2026-05-31", 0, 1, currency_code="eur"),
        read("L1", "2026-06-30", None, 1),
        read("L1", "2026-07-31", 0, 1, quantity_unit="MO"),
        read("L1", "2026-08-31", 0, 2e13),
        read("L1", "2026-09-10", 0, 1),
        read("L7", "2026-09-30", 0, 1),
        read("L1", "2026-10-31", 0, 1, quantity_unit="MWh"),
    )
    rows = billing.profiled(load)
    columns = [
        "outside_line_on", "outside_line_on", "register_fall_kwh", "use_gap_kwh", "other_currency_code",
        "unmeasured_read", "unknown_unit", "not_finite_columns", "unresolved_period", "unresolved_line",
    ]  # fmt: skip
    assert [row[column] for row, column in zip(rows, columns, strict=False)] == [
        date(2026, 1, 31), date(2026, 12, 31), 4, 1, "EUR", "L1", "MO", "closing_reading", "2026-09-10", "L7",
    ]  # fmt: skip
    sound = set(columns) - {"use_gap_kwh"}
    assert [column for column in sound if rows[10][column] is not None] == []
    assert rows[10]["total_production_kwh"] == 1000


def test_summed_intervals_are_held_against_the_register(world, billing) -> None:
    meter = world.meter(billing.project, "A")
    billing.line("L1", meter)
    # the local month of March in Berlin has 743 hours, a quarter-hour 10 Wh
    march = quarters(datetime(2026, 2, 28, 23, tzinfo=UTC), 743 * 4, energy=10, external_device_id="A")
    reads = billing.load(read("L1", "2026-03-31", 1000, 1029.8, discount_reading=5))
    world.publish(world.load(march), reads)
    (row,) = world.rows("select * from marts.rpt_billing_reconciliation")
    assert (row["register_energy_kwh"], row["interval_energy_kwh"]) == (Decimal("29.8"), Decimal("29.72"))
    assert (row["difference_percent"], row["interval_completeness_percent"]) == (Decimal("-0.2685"), 100)
    assert (row["status"], row["is_final"]) == ("within", True)
