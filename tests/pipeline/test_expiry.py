"""Staged rows and copies go when they have served and not before; every plausible month has its partition."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.pipeline.files import csv

DAY = date(2026, 5, 1)


def age(warehouse, load: dict, days: int) -> None:
    """Let a load have been judged some days ago."""
    warehouse.execute(
        "update ops.ingestion_log set judged_at = judged_at - %s, received_at = received_at - %s where load_id = %s",
        [timedelta(days=days), timedelta(days=days), load["load_id"]],
    )


def set_status(warehouse, load: dict, status: str) -> None:
    warehouse.execute("update ops.ingestion_log set status = %s where load_id = %s", [status, load["load_id"]])


def copies(tmp_path, zone: str) -> int:
    return sum(path.is_file() for path in (tmp_path / "lake" / zone).rglob("*"))


def stage_on(warehouse, load: dict, day: date) -> None:
    """Move a load's staged rows to another load day."""
    today = load["staged_on"] or datetime.now(UTC).date()
    for table in ("file_reading", "judged_reading"):
        warehouse.execute("select raw.ensure_partition(%s, %s)", [table, day])
        warehouse.execute(f"update raw.{table} set staged_on = %s where load_id = %s", [day, load["load_id"]])
    warehouse.execute("update ops.ingestion_log set staged_on = %s where load_id = %s", [day, load["load_id"]])
    assert day < today


def test_staged_rows_go_after_a_week_unless_a_load_needs_them(ingest, warehouse):
    from include.pipeline import retention
    from include.pipeline.process import replay
    from include.warehouse import loads
    from include.warehouse.database import connect

    load = ingest(csv([100] * 4))
    with connect() as connection:
        load = loads.get(connection, load["load_id"])
    stage_on(warehouse, load, DAY)
    assert load["status"] == "accepted" and retention.drop_raw() == []
    days = ["file_reading 2026-05-01", "judged_reading 2026-05-01"]
    assert [(step.which, step.outcome) for step in retention.plan()] == [(day, "1 loads need it") for day in days]
    set_status(warehouse, load, "published")
    assert retention.drop_raw() == days and retention.drop_raw() == []
    assert warehouse.execute("select count(*) as n from raw.file_reading").fetchone()["n"] == 0
    again = replay(load["load_id"], actor="ann", reason="to see")
    assert (again["status"], again["rows_clean"]) == ("accepted", 4), "the lake still has every byte"
    assert retention.drop_raw() == [], "rows of today stay"


def test_copies_go_when_they_have_served_and_the_landed_object_stays(ingest, warehouse, tmp_path):
    from include.lake.store import Lake
    from include.pipeline import judge, retention

    good, bad = ingest(csv([100] * 4)), ingest(csv(["x"] * 4), name="bad.csv")
    assert (copies(tmp_path, "validated"), copies(tmp_path, "quarantine")) == (1, 1)
    age(warehouse, good, 31)
    age(warehouse, bad, 13)
    assert retention.expire_copies() == {"validated": 0, "quarantine": 0}, "not published, not old enough"
    set_status(warehouse, good, "published")
    age(warehouse, bad, 2)
    planned = {step.which: step.count for step in retention.plan() if step.goes}
    assert planned == {"validated/": 1, "quarantine/": 1}
    assert retention.expire_copies() == {"validated": 1, "quarantine": 1}
    assert (copies(tmp_path, "validated"), copies(tmp_path, "quarantine")) == (0, 0)
    assert judge.sweep() == [] and retention.expire_copies() == {"validated": 0, "quarantine": 0}
    assert all(Lake().exists(load["lake_key"]) for load in (good, bad))
    entries = warehouse.execute("select subject from ops.audit_entry where action = 'expire copies'").fetchall()
    assert {entry["subject"] for entry in entries} == {"validated", "quarantine"}


def test_copies_stay_while_a_period_of_their_time_is_not_settled(ingest, organization, warehouse, tmp_path):
    from include.pipeline import contracts, retention
    from tests.pipeline.contract_world import FILE

    year = {**FILE["obligations"][0], "period_type": "contract_year"}
    contracts.apply({**FILE, "obligations": [year]}, organization, actor="ada")
    good, bad = ingest(csv([100] * 4)), ingest("no readings at all", name="bad.csv")
    set_status(warehouse, good, "published")
    for load in (good, bad):
        age(warehouse, load, 100)
    # whatever the year, its period is not over
    warehouse.execute(
        "update core.contract_version set year_anchor_on = current_date - 30, assess_from_on = current_date - 30"
    )
    warehouse.execute("update ops.ingestion_log set data_start_at = now() - interval '20 days', data_end_at = now()")
    assert retention.expire_copies() == {"validated": 0, "quarantine": 0}
    assert {step.outcome.split(",")[0] for step in retention.plan()} == {"not published"}
    assert copies(tmp_path, "validated") == 1


def test_partitions_are_there_for_thirteen_months(warehouse):
    from include.pipeline import retention

    assert retention.make_partitions() > 0 and retention.make_partitions() == 0
    now = datetime.now(UTC)
    month = (now.year * 12 + now.month - 1) + 13
    last = f"canonical.meter_reading_{month // 12}_{month % 12 + 1:02}"
    assert warehouse.execute("select to_regclass(%s) as found", [last]).fetchone()["found"] is not None


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("1970-01-01T00:00:00Z", "R104_TS_TOO_OLD"),
        ("infinity", "R102_TS_FORMAT"),
        ("-infinity", "R102_TS_FORMAT"),
        ("9999-12-31T23:59:59Z", "R102_TS_FORMAT"),
        ("2026-05-31T23:45:00Z", None),
        ("2024-02-29T23:45:00Z", None),
    ],
)
def test_no_time_of_a_reading_is_a_raw_error(ingest, warehouse, at, code):
    others = csv([1] * 12).splitlines()[1:]
    load = ingest("\n".join(["timestamp,site_id,energy_wh", f"{at},P1,1", *others]))
    assert (load["status"], load["rows_rejected"]) == ("accepted", 0 if code is None else 1)
    if code:
        assert code in warehouse.execute("select codes from quarantine.rejected_row").fetchone()["codes"]
