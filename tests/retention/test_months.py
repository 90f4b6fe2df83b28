"""Months go to the archive with proof and come back the same; whatever is not proven stays in the database."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import sleep

import psycopg
import pytest

from include.core.errors import MonthBusy, ObjectCorrupt
from tests.retention.conftest import JUNE, MAY, PER_MONTH, fill, has_partition, retired, rows

ROOT = Path(__file__).resolve().parents[2]


def retire_months() -> dict[str, str]:
    from include.pipeline import retention

    return retention.retire_months()


def restore(month) -> int | None:
    from include.pipeline import retention

    moved = retention.restore(month, actor="ann", reason="asked for")
    return moved and moved.readings


def objects(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "lake" / "archive" / "readings").rglob("*") if path.is_file())


def test_months_leave_with_an_object_for_each_organization_and_come_back_row_for_row(old, warehouse, tmp_path):
    before = rows(warehouse)
    said = f"{2 * PER_MONTH} readings went to the archive"
    assert retire_months() == {"2019-05": said, "2019-06": said}
    assert rows(warehouse) == [] and retired(warehouse) == [MAY, JUNE] and not has_partition(warehouse, MAY)
    assert objects(tmp_path) == sorted([f"2019-0{m}.{kind}" for m in (5, 6) for kind in ("json", "parquet")] * 2)
    assert retire_months() == {}, "again: nothing"
    assert [restore(MAY), restore(JUNE)] == [2 * PER_MONTH] * 2
    assert rows(warehouse) == before and retired(warehouse) == []
    assert restore(MAY) is None and rows(warehouse) == before, "again: nothing"
    assert retire_months()["2019-05"] == said
    assert len(objects(tmp_path)) == 8, "an unchanged month needs no other object"
    actions = warehouse.execute(
        "select action, count(*) as n from ops.audit_entry where organization_id = %s group by 1 order by 1",
        [old[0]["organization_id"]],
    ).fetchall()
    assert {row["action"]: row["n"] for row in actions} == {"archive month": 2, "restore month": 2, "retire month": 4}


def test_archived_readings_are_read_without_the_database(old, warehouse):
    from include.lake.store import Lake
    from include.retention import archive

    owner = old[1]
    start, end = datetime(2019, 5, 20, tzinfo=UTC), datetime(2019, 6, 2, 0, 15, tzinfo=UTC)
    meters = owner["meter_ids"][:1]
    expected = [row for row in rows(warehouse) if row["meter_id"] in meters and start <= row["timestamp"] < end]
    retire_months()
    assert list(archive.readings(Lake(), owner["organization_id"], meters, start, end)) == expected != []
    assert list(archive.readings(Lake(), owner["organization_id"], old[0]["meter_ids"], start, end)) == []


def test_a_month_that_changed_after_it_came_back_is_archived_as_another_revision(old, warehouse, tmp_path):
    retire_months()
    restore(MAY)
    warehouse.execute(
        "update canonical.meter_reading set energy_wh = 7 where organization_id = %s and row_number = 1",
        [old[0]["organization_id"]],
    )
    changed = rows(warehouse)
    assert retire_months()["2019-05"] == f"{2 * PER_MONTH} readings went to the archive"
    assert {"2019-05.r2.parquet", "2019-05.r2.json"} <= set(objects(tmp_path)) and len(objects(tmp_path)) == 10
    restore(MAY)
    assert rows(warehouse) == changed


@pytest.mark.parametrize("damage", ["upload", "later"])
def test_an_object_that_is_not_what_was_sent_keeps_the_month_in_the_database(old, warehouse, monkeypatch, damage):
    from include.lake import store
    from include.retention import months

    before, put = rows(warehouse), store.Lake.put

    def damaged(lake, key, source, sha256):
        if damage == "upload" and key.endswith(".parquet"):
            sent = Path(source).read_bytes()
            Path(source).write_bytes(sent[:-1] + bytes([sent[-1] ^ 1]))
        put(lake, key, source, sha256)
        if damage == "later" and key.endswith(".parquet"):
            path = Path(lake._path(key))
            kept = path.read_bytes()
            path.write_bytes(bytes([kept[0] ^ 1]) + kept[1:])

    monkeypatch.setattr(months.Lake, "put", damaged)
    with pytest.raises(ObjectCorrupt):
        retire_months()
    assert rows(warehouse) == before and retired(warehouse) == []
    monkeypatch.setattr(months.Lake, "put", put)
    assert len(retire_months()) == 2, "the next run archives anew"
    restore(MAY), restore(JUNE)
    assert rows(warehouse) == before


def test_an_archive_that_was_changed_brings_nothing_back(old, warehouse, tmp_path):
    retire_months()
    [path] = (tmp_path / "lake/archive/readings" / str(old[0]["organization_id"])).glob("2019-05.parquet")
    body = path.read_bytes()
    path.write_bytes(body[:100] + bytes([body[100] ^ 1]) + body[101:])
    with pytest.raises(ObjectCorrupt):
        restore(MAY)
    assert retired(warehouse) == [MAY, JUNE] and not has_partition(warehouse, MAY)


POINTS = ("month_uploaded", "month_noted", "month_archived", "before_retire_commit", "after_retire_commit")


@pytest.mark.parametrize("point", [*POINTS, "month_copied_back", "before_restore_commit"])
def test_a_kill_leaves_all_readings_in_one_place_and_the_next_run_ends_as_an_undisturbed_one(old, warehouse, point):
    before = rows(warehouse)
    step = "retire_months()"
    if point not in POINTS:
        retire_months()
        step = "restore(__import__('datetime').date(2019, 5, 1), actor='ann', reason='asked for')"
    code = f"from include.pipeline import retention; retention.{step}"
    environment = {**os.environ, "SUNLEDGER_FAILPOINTS": f"{point}=kill"}
    child = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr
    for month in (MAY, JUNE):
        assert has_partition(warehouse, month) is (month not in retired(warehouse))
    retire_months()
    assert rows(warehouse) == [] and retired(warehouse) == [MAY, JUNE]
    restore(MAY), restore(JUNE)
    assert rows(warehouse) == before
    assert warehouse.execute("select count(*) as n from raw.restored_reading").fetchone()["n"] == 0


def test_a_load_that_writes_the_month_wins_and_retention_comes_back(old, warehouse, cluster):
    """Its row arrives after the archive was proven and before the month goes."""
    from include.retention import months

    own = (old[0]["organization_id"], old[0]["meter_ids"][0])
    insert = """
        insert into canonical.meter_reading select organization_id, project_id, meter_id, source_system,
            external_site_id, external_device_id, "timestamp" + interval '1 minute', reading_interval_seconds,
            energy_wh, energy_total_wh, power_w, irradiance_wm2, temperature_c, other_metrics, quality, load_id,
            row_number, publication_id, ingested_at
        from canonical.meter_reading
        where organization_id = %s and meter_id = %s and "timestamp" = '2019-05-01 00:15Z'
    """
    with psycopg.connect(cluster.url(warehouse.info.dbname)) as writer:
        writer.execute(insert, own)
        with pytest.raises(MonthBusy, match="in use"):
            months.retire(MAY, actor="test")
        writer.commit()
    with pytest.raises(MonthBusy, match="differ from the archive"):
        months.retire(
            MAY, actor="test", proof=lambda month: warehouse.execute(insert.replace("1 minute", "2 minutes"), own)
        )
    before = rows(warehouse)
    assert len(before) == 4 * PER_MONTH + 2 and retired(warehouse) == []
    assert retire_months()["2019-05"] == f"{2 * PER_MONTH + 2} readings went to the archive"
    restore(MAY), restore(JUNE)
    assert rows(warehouse) == before


def test_an_open_publication_is_waited_for(old, warehouse):
    warehouse.execute("insert into ops.publication (builder) values ('test')")
    assert retire_months() == dict.fromkeys(("2019-05", "2019-06"), "a publication is open")
    warehouse.execute("update ops.publication set status = 'closed', closed_at = now()")
    assert len(retire_months()) == 2 and rows(warehouse) == []


def test_a_publication_and_newer_terms_wait_while_a_month_leaves_and_then_know_that_it_is_gone(
    old, warehouse, cluster, monkeypatch
):
    """A load arrives, a publication opens and terms change, all after the month was proven and before it is gone."""
    from include.retention import months
    from include.warehouse import publications, reassessments
    from include.warehouse.database import connect

    organization, knew = old[0]["organization_id"], {}

    def open_publication() -> None:
        with connect() as connection:
            knew["publication"] = publications.open_or_resume(connection, "test")
            knew["retired"] = retired(connection)

    def change_terms() -> None:
        with connect() as connection:
            reassessments.keep_months(connection)
            knew["archived"] = reassessments.archived_months(connection, organization, MAY, MAY)

    waiting = [Thread(target=open_publication), Thread(target=change_terms)]

    def interleave(point: str) -> None:
        if point == "before_retire_commit":
            warehouse.execute(LOAD, [organization])
            for thread in waiting:
                thread.start()
            while warehouse.execute(WAITING).fetchone()["n"] < len(waiting):
                sleep(0.01)
            assert not knew and has_partition(warehouse, MAY)

    monkeypatch.setattr(months, "failpoint", interleave)
    assert months.retire(MAY, actor="test").readings == 2 * PER_MONTH
    for thread in waiting:
        thread.join()
    assert knew["publication"]["status"] == "open" and knew["retired"] == [MAY] and knew["archived"] == [MAY]
    assert not has_partition(warehouse, MAY)


LOAD = """
    insert into ops.ingestion_log (organization_id, source_system, feed, status, content_key, sha256, size_bytes,
        lake_key, original_name, staged_on, rows_in, rows_clean, rows_rejected, rows_duplicate,
        data_start_at, data_end_at)
    values (%s, 'manual', 'file_reading', 'accepted', repeat('a', 64), repeat('a', 64), 1, 'k', 'n', current_date, 1, 1,
        0, 0, '2019-05-03', '2019-05-03')
"""
WAITING = "select count(*) as n from pg_locks where locktype = 'advisory' and not granted"


def test_two_runs_do_not_move_months_at_once(old, warehouse):
    from include.warehouse import retention

    with retention.exclusive(), pytest.raises(MonthBusy, match="another process"):
        retire_months()
    assert len(retire_months()) == 2


def test_a_reader_in_the_middle_of_a_query_is_neither_stopped_nor_waited_for_long(old, warehouse, cluster):
    with psycopg.connect(cluster.url(warehouse.info.dbname)) as reader:
        reader.execute("select count(*) from canonical.meter_reading")
        assert retire_months() == dict.fromkeys(("2019-05", "2019-06"), "the readings are in use")
        assert reader.execute("select count(*) from canonical.meter_reading").fetchone() == (4 * PER_MONTH,)
    assert len(retire_months()) == 2


def test_memory_does_not_grow_with_the_month(owners, warehouse):
    """Peak memory of a child that archives a month, and of one whose month has four times as many readings."""
    for month, copies in ((MAY, 9), (JUNE, 39)):
        fill(warehouse, month, owners[0], 5_000)
        warehouse.execute(MULTIPLY, {"month": f"{month} 00:00+00", "copies": copies})
    peaks = [_peak_kib(month) for month in (MAY, JUNE)]
    assert rows(warehouse) == [] and max(peaks) < 400 * 1024
    assert peaks[1] / peaks[0] < 1.6, peaks  # 340 MiB were measured for 1.2 million readings


MULTIPLY = """
    insert into canonical.meter_reading select organization_id, project_id, meter_id, 's' || n, external_site_id,
        external_device_id, "timestamp", reading_interval_seconds, energy_wh, energy_total_wh, power_w, irradiance_wm2,
        temperature_c, other_metrics, quality, load_id, row_number, publication_id, ingested_at
    from canonical.meter_reading cross join generate_series(1, %(copies)s) as n where "timestamp" >= %(month)s
"""


def _peak_kib(month) -> int:
    code = (
        "from datetime import date; from pathlib import Path; from include.retention import months;"
        f"months.retire(date.fromisoformat('{month}'), actor='test'); print(Path('/proc/self/status').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(re.search(r"VmHWM:\s+(\d+)", done.stdout)[1])
