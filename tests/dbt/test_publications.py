"""What a publication makes of accepted loads, and what it leaves alone."""

import random
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from tests.dbt.conftest import DATABASE, PASSWORD
from tests.dbt.world import artifacts, days, quarters

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
READING = ("canonical.meter_reading", 'meter_id, "timestamp", reading_interval_seconds, source_system')
AGGREGATE = ("canonical.meter_aggregate", "meter_id, period_type, period_start")
REVISION = (
    "canonical.meter_reading_revision",
    'meter_id, "timestamp", load_id, row_number, publication_id',
)
BOOKKEEPING = ("xmin", "publication_id", "aggregated_at", "revised_at", "revised_in_publication_id", "ingested_at")


def test_the_same_load_twice_changes_nothing(world, meter) -> None:
    rows = quarters(JUNE, 96, external_device_id="A")
    load = world.load([*rows, {**rows[5], "energy": 11}, {**rows[6], "quality": "estimated"}])
    world.publish(load)
    before = [world.digest(*table) for table in (READING, AGGREGATE, REVISION)]
    world.publish(load)
    assert [world.digest(*table) for table in (READING, AGGREGATE, REVISION)] == before
    assert world.value("select count(*) from canonical.meter_reading") == 96
    losers = world.rows("select energy_wh, quality, reason from canonical.meter_reading_revision order by row_number")
    assert [tuple(row.values()) for row in losers] == [(10, "measured", "replaced"), (10, "estimated", "outranked")]


def test_the_order_of_arrival_does_not_matter(world) -> None:
    dice = random.Random(7)
    slots = [(device, JUNE + timedelta(minutes=15) * n) for device in ("A", "B") for n in range(40)]
    deliveries = [
        [
            {
                "external_device_id": device,
                "interval_start": at,
                "energy": dice.choice([10, 20, 30]),
                "quality": dice.choice(["measured", "estimated", "missing"]),
            }
            for device, at in dice.sample(slots, 60)
        ]
        for _ in range(4)
    ]
    outcomes = set()
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], None):
        world.empty()
        world.organization()
        project = world.project(1)
        world.meter(project, "A")
        world.meter(project, "B")
        loads = [world.load(rows) for rows in deliveries]
        if order is None:
            world.publish(*loads)
        for number in order or []:
            world.publish(loads[number], is_tested=False)
        # which of two loads with the same value is named does depend on the order
        without = (*BOOKKEEPING, "load_id", "row_number")
        outcomes.add(tuple(world.digest(*table, without=without) for table in (READING, AGGREGATE)))
        assert world.value("select count(*) from canonical.meter_reading_revision") > 0
    assert len(outcomes) == 1


@pytest.mark.parametrize("newer_first", [False, True])
def test_who_wins_a_slot(world, newer_first) -> None:
    qualities = ("measured", "estimated", "missing")
    pairs = [(older, newer) for older in qualities for newer in qualities]
    world.organization()
    project = world.project(1)
    for number in range(len(pairs)):
        world.meter(project, f"D{number}")
    older, newer = (
        world.load(
            [
                {"external_device_id": f"D{n}", "interval_start": JUNE, "energy": energy, "quality": pair[side]}
                for n, pair in enumerate(pairs)
            ]
        )
        for side, energy in ((0, 1), (1, 2))
    )
    for load in (newer, older) if newer_first else (older, newer):
        world.publish(load)
    expected = [older if qualities.index(a) < qualities.index(b) else newer for a, b in pairs]
    assert [row["load_id"] for row in world.readings()] == expected
    losers = world.rows("select load_id, winner_load_id from canonical.meter_reading_revision order by meter_id")
    assert [row["winner_load_id"] for row in losers] == expected
    assert [row["load_id"] for row in losers] == [older + newer - winner for winner in expected]


def test_a_late_correction_touches_its_day_and_month_only(world, meter) -> None:
    july = datetime(2026, 7, 1, tzinfo=UTC)
    rows = [*quarters(JUNE, 96 * 3, external_device_id="A"), *quarters(july, 96, external_device_id="A")]
    world.publish(world.load(rows))
    before = {
        (r["period_type"], r["period_start"]): r["x"]
        for r in world.rows("select xmin::text as x, period_type, period_start from canonical.meter_aggregate")
    }
    corrected = JUNE + timedelta(days=1, hours=9)
    world.publish(world.load([{"external_device_id": "A", "interval_start": corrected, "energy": 15}]))
    after = {
        (r["period_type"], r["period_start"]): r["x"]
        for r in world.rows("select xmin::text as x, period_type, period_start from canonical.meter_aggregate")
    }
    assert {key for key in after if after[key] != before.get(key)} == {
        ("hourly", corrected),
        ("daily", JUNE + timedelta(days=1)),
        ("monthly", JUNE),
    }
    (loser,) = world.rows("select * from canonical.meter_reading_revision")
    assert (loser["energy_wh"], loser["reason"], loser["timestamp"]) == (10, "replaced", corrected)
    assert days(world)[meter, date(2026, 6, 2)]["energy_wh"] == 965


def test_only_what_may_be_stored_is_told_apart_from_what_is_new(world, meter, dbt_folder) -> None:
    """Rows of days, or months, that hold nothing of their meters go straight in; others are compared first."""

    def compared() -> list[str]:
        ran = dbt_folder / "target" / "run" / "sunledger" / "models" / "canonical"
        return [n for n in ("meter_reading", "meter_aggregate") if "_fresh" in (ran / f"{n}.sql").read_text()]

    other = world.meter(world.project(1, "Other"), "B")
    world.publish(world.load(quarters(JUNE, 96, external_device_id="A")), is_tested=False)
    assert compared() == []
    world.publish(world.load(quarters(JUNE, 96, external_device_id="B")), is_tested=False)
    assert compared() == []
    next_day = quarters(JUNE + timedelta(days=1), 96, external_device_id="A")
    world.publish(world.load(next_day), is_tested=False)
    assert compared() == ["meter_aggregate"]
    world.publish(world.load([{**next_day[0], "energy": 11}, *quarters(JUNE, 1, external_device_id="B")]))
    assert compared() == ["meter_reading", "meter_aggregate"]
    found = {key: day["energy_wh"] for key, day in days(world).items()}
    assert found == {(meter, date(2026, 6, 1)): 960, (meter, date(2026, 6, 2)): 961, (other, date(2026, 6, 1)): 960}
    assert len(world.readings()) == 3 * 96
    months = world.rows("select meter_id, energy_wh from canonical.meter_aggregate where period_type = 'monthly'")
    assert {row["meter_id"]: row["energy_wh"] for row in months} == {meter: 1921, other: 960}


def test_a_reading_that_was_brought_and_is_not_stored_is_found(world, meter) -> None:
    """Whether its slot was contested, or it says what was stored before."""
    rows = quarters(JUNE, 8, external_device_id="A")
    load = world.load([*rows, {**rows[0], "energy": 11}, {**rows[1], "quality": "estimated"}])

    def is_found(quarter: int) -> bool:
        slot = JUNE + timedelta(minutes=15) * quarter
        taken = 'delete from canonical.meter_reading where "timestamp" = %s returning *'
        (row,) = world.rows(taken, slot)
        with pytest.raises(AssertionError, match="accepted_readings_are_stored: Got"):
            world.build("--select", "accepted_readings_are_stored")
        columns = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(["%s"] * len(row))
        world.connection.execute(f"insert into canonical.meter_reading ({columns}) values ({places})", [*row.values()])
        world.build("--select", "accepted_readings_are_stored")
        return True

    world.open(load)
    world.build()
    assert is_found(0)
    assert is_found(1)
    assert is_found(5)
    world.close()
    world.publish(load)
    world.open(load)
    world.build()
    assert is_found(5)


def test_only_members_that_were_accepted_and_mapped_are_published(world, meter) -> None:
    rows = quarters(JUNE, 4, external_device_id="A")
    load = world.load([*rows, {"external_device_id": "Z", "interval_start": JUNE, "energy": 5}])
    world.reject(load, 2, "R301_ENERGY_RANGE")
    world.reject(load, 5, "R501_SITE_UNMAPPED")
    world.load(quarters(JUNE, 8, external_device_id="A", energy=99))
    world.publish(load)
    assert [row["energy_wh"] for row in world.readings()] == [10, 10, 10]
    report = world.rows("select code, open_row_count, rows_in from marts.rpt_rejections order by code")
    assert [tuple(row.values()) for row in report] == [("R301_ENERGY_RANGE", 1, 5), ("R501_SITE_UNMAPPED", 1, 5)]


def test_a_device_that_moves_after_the_verdict_does_not_take_its_readings_along(world, meter) -> None:
    load = world.load(quarters(JUNE, 4, external_device_id="A"))
    smaller = world.meter(world.value("select project_id from core.project"), "B", rated_power_w=1)
    world.connection.execute("update core.meter_device set meter_id = %s where meter_id = %s", [smaller, meter])
    world.publish(load)
    assert {row["meter_id"] for row in world.readings()} == {meter}


def test_what_was_judged_of_a_load_on_another_day_is_not_published(world, meter) -> None:
    again, other = (world.load(quarters(JUNE + timedelta(days=day), 4, external_device_id="A")) for day in (0, 1))
    yesterday = "current_date - 1"
    world.connection.execute(f"select raw.ensure_partition('judged_reading', {yesterday})")
    world.connection.execute(f"update ops.ingestion_log set staged_on = {yesterday} where load_id = %s", [other])
    world.connection.execute(f"update raw.judged_reading set staged_on = {yesterday}")
    world.work_out(again)
    world.publish(again, other)
    assert world.value("select count(*) from canonical.meter_reading") == 8


def test_judged_rows_that_vanished_stop_the_publication(world, meter) -> None:
    load = world.load(quarters(JUNE, 4, external_device_id="A"))
    world.connection.execute("delete from raw.judged_reading where row_number = 3")
    world.open(load)
    with pytest.raises(AssertionError, match="rows_add_up"):
        world.build()
    assert world.readings() == []


def test_readings_find_their_month_partition(world, meter) -> None:
    edges = [
        datetime(2016, 12, 31, 23, 45, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 45, tzinfo=UTC),
        datetime(2024, 3, 1, tzinfo=UTC),
    ]
    world.publish(world.load([{"external_device_id": "A", "interval_start": at, "energy": 1} for at in edges]))
    assert world.value("select count(*) from canonical.meter_reading_default") == 0
    places = world.rows("select distinct tableoid::regclass::text as place from canonical.meter_reading order by 1")
    assert [row["place"] for row in places] == [
        f"canonical.meter_reading_{month}" for month in ("2016_12", "2024_02", "2024_03")
    ]


def test_a_reading_for_a_retired_month_is_late(world, meter) -> None:
    world.connection.execute("drop table if exists canonical.meter_reading_2019_05")
    world.connection.execute("insert into ops.retired_month (month_start) values ('2019-05-01')")
    gone = datetime(2019, 5, 20, 10, tzinfo=UTC)
    world.publish(world.load([*quarters(gone, 2, external_device_id="A"), *quarters(JUNE, 2, external_device_id="A")]))
    world.publish(world.load(quarters(gone, 3, energy=12, external_device_id="A")))
    assert world.value("select to_regclass('canonical.meter_reading_2019_05')") is None
    assert [row["timestamp"] for row in world.readings()] == [JUNE, JUNE + timedelta(minutes=15)]
    assert world.value("select count(*) from canonical.late_reading") == 5
    (proposal,) = world.rows("select * from canonical.restatement_proposal")
    assert (proposal["month_start"], proposal["late_reading_count"], proposal["late_energy_wh"]) == (
        date(2019, 5, 1),
        3,
        36,
    )
    assert proposal["status"] == "proposed"


def test_a_local_day_that_reaches_into_a_retired_month_is_late_as_a_whole(world) -> None:
    """In Berlin the first of June begins at 22:00 UTC on the last of May: what is left of it is no day any more."""
    world.organization()
    world.meter(world.project(1, time_zone="Europe/Berlin"), "A")
    world.connection.execute("insert into ops.retired_month (month_start) values ('2019-05-01')")
    times = [datetime(2019, 6, 1, 5, tzinfo=UTC), datetime(2019, 6, 1, 21, 45, tzinfo=UTC)]
    second = datetime(2019, 6, 1, 22, tzinfo=UTC)
    load = [{"external_device_id": "A", "interval_start": at, "energy": 5} for at in (*times, second)]
    world.publish(world.load(load))
    assert [row["timestamp"] for row in world.readings()] == [second]
    (proposal,) = world.rows("select * from canonical.restatement_proposal")
    assert (proposal["month_start"], proposal["late_reading_count"]) == (date(2019, 6, 1), 2)
    assert list(days(world)) == [(1, date(2019, 6, 2))]


def test_names_of_clients_are_only_data(world, dbt_folder) -> None:
    evil = """{{ 1/0 }}{% raw %}'; drop table core.meter; -- "$1" %s"""
    world.organization(evil)
    project = world.project(1, evil)
    meter = world.meter(project, evil, site=evil, name=evil)
    load = world.load(
        quarters(JUNE, 2, external_site_id=evil, external_device_id=evil, quality=None, other_metrics={evil: evil})
    )
    world.open(load)
    world.build("--write-json")
    world.close()
    day = days(world)[meter, JUNE.date()]
    assert (day["project_name"], day["meter_name"], day["energy_wh"]) == (evil, evil, 20)
    assert [row["other_metrics"] for row in world.readings()] == [{evil: evil}] * 2
    files = artifacts(dbt_folder)
    assert files
    assert not [path for path in files if PASSWORD in path.read_text(errors="replace")]
    assert not [path for path in files if "drop table core.meter" in path.read_text(errors="replace")]


def test_a_tenant_reads_its_own_days_only(world, cluster) -> None:
    for name in ("One", "Two"):
        organization = world.organization(name)
        world.meter(world.project(organization, name), site=name)
    loads = [
        world.load(quarters(JUNE, 4, external_site_id=name), organization=number)
        for number, name in enumerate(("One", "Two"), start=1)
    ]
    world.publish(*loads)
    world.connection.execute(f"alter role sunledger_reader password '{PASSWORD}'")
    with psycopg.connect(cluster.url(DATABASE, "sunledger_reader", PASSWORD)) as reader:
        for mart in ("fct_energy_daily", "dim_meters", "dim_projects", "rpt_rejections"):
            assert reader.execute(f"select count(*) from marts.{mart}").fetchone() == (0,)
        reader.execute("select set_config('sunledger.organization_id', '2', true)")
        assert reader.execute("select project_name, is_final from marts.fct_energy_daily").fetchall() == [("Two", True)]


def test_a_publication_without_readings_changes_nothing(world, meter) -> None:
    world.publish(world.load([]))
    assert world.readings() == []
    world.build()
    assert world.value("select count(*) from canonical.meter_aggregate") == 0
