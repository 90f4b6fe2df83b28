"""kill -9 at every seam: nothing half done is visible, and running again ends as an undisturbed run does."""

import signal
import time
from pathlib import Path

import pytest

from tests.pipeline.child import killed, start
from tests.pipeline.files import csv
from tests.pipeline.oracle import count, state

ROWS = [1000 + number for number in range(96)]


@pytest.fixture
def dropped(organization, tmp_path):
    """A client's file, landed but not staged; returns its load id."""
    from include.pipeline.land import land_file

    path = tmp_path / "day.csv"
    path.write_text(csv(ROWS))
    return land_file(path, name="day.csv", organization_id=organization, source_system="manual")["load_id"]


def run_to_the_end(load_id):
    from include.pipeline.process import process_all
    from include.pipeline.publish import publish

    process_all([load_id])
    publish()


@pytest.mark.parametrize("seam", ["copy_batch", "before_stage_commit"])
def test_a_load_killed_while_copying_leaves_no_row_and_loads_once_afterwards(dropped, warehouse, seam):
    killed(f"from include.pipeline.stage import stage; stage({dropped})", seam)
    assert count(warehouse, "raw.file_reading") == 0
    assert warehouse.execute("select status from ops.ingestion_log").fetchone()["status"] == "landed"
    run_to_the_end(dropped)
    assert count(warehouse, "raw.file_reading") == count(warehouse, "canonical.meter_reading") == 96


def test_a_load_killed_after_the_commit_is_not_staged_again(dropped, warehouse):
    killed(f"from include.pipeline.process import process; process({dropped})", "after_stage_commit")
    staged = warehouse.execute("select status, staged_at, rows_in from ops.ingestion_log").fetchone()
    assert (staged["status"], staged["rows_in"]) == ("staged", 96)
    run_to_the_end(dropped)
    after = warehouse.execute("select staged_at, rows_in from ops.ingestion_log").fetchone()
    assert (after["staged_at"], after["rows_in"]) == (staged["staged_at"], 96)
    assert count(warehouse, "canonical.meter_reading") == 96


@pytest.mark.parametrize("seam", ["after_verdict_commit", "disposition_copied"])
def test_a_kill_during_the_quarantine_move_is_swept_up(dropped, warehouse, seam):
    from include.lake.store import Lake
    from include.pipeline.judge import sweep

    killed(f"from include.pipeline.process import process; process({dropped})", seam)
    assert sweep() == [dropped]
    assert sweep() == []
    load = warehouse.execute("select status, lake_key, disposition_key from ops.ingestion_log").fetchone()
    assert load["status"] == "accepted" and load["disposition_key"].startswith("validated/")
    lake = Lake()
    assert lake.exists(load["lake_key"]) and lake.exists(load["disposition_key"])
    assert list(lake.list("quarantine")) == []


def test_an_object_landed_before_the_ledger_knew_is_adopted(organization, warehouse, tmp_path):
    path = tmp_path / "day.csv"
    path.write_text(csv(ROWS))
    code = (
        "from pathlib import Path; from include.pipeline.land import land_file; "
        f"land_file(Path({str(path)!r}), name='day.csv', organization_id={organization}, source_system='manual')"
    )
    killed(code, "landed_in_lake")
    assert count(warehouse, "ops.ingestion_log") == 0
    from include.lake.store import Lake
    from include.pipeline.land import land_file

    load = land_file(path, name="day.csv", organization_id=organization, source_system="manual")
    assert load["status"] == "landed"
    assert [found.key for found in Lake().list("raw")] == [load["lake_key"], f"{load['lake_key']}.request.json"]


def test_a_stale_writer_is_fenced(dropped, warehouse):
    """Process 1 stops in the middle of its copy, process 2 finishes, process 1 wakes up."""
    stale = start(f"from include.pipeline.stage import stage; stage({dropped})", "before_stage_commit=stop")
    _wait_until_stopped(stale)
    run_to_the_end(dropped)
    before = state(warehouse)
    stale.send_signal(signal.SIGCONT)
    assert stale.wait(timeout=60) != 0
    assert count(warehouse, "raw.file_reading") == 96
    assert state(warehouse) == before


def test_who_waits_for_a_load_that_was_taken_over_gets_its_verdict(dropped, monkeypatch):
    from include.core.errors import Fenced
    from include.pipeline import process

    judged = process.process

    def overtaken(load_id):
        judged(load_id)
        raise Fenced("another worker was faster")

    monkeypatch.setattr(process, "process", overtaken)
    assert process.finish(dropped)["status"] == "accepted"
    monkeypatch.setattr(process, "process", lambda load_id: (_ for _ in ()).throw(Fenced("and died")))
    process.reopen(dropped, actor="test")
    with pytest.raises(Fenced):
        process.finish(dropped, patience_s=0)


def test_a_database_crash_loses_raw_rows_but_no_reading(dropped, warehouse, cluster):
    """Raw tables are unlogged: a crash empties them, and publication stages the load again from the lake."""
    from include.pipeline.process import process
    from include.pipeline.publish import publish

    assert process(dropped)["status"] == "accepted"
    name = warehouse.info.dbname
    warehouse.close()
    cluster.restart_immediate()
    import psycopg

    with psycopg.connect(cluster.url(name), autocommit=True, row_factory=psycopg.rows.dict_row) as again:
        assert count(again, "raw.file_reading") == 0
        publish()
        assert count(again, "canonical.meter_reading") == 96


def test_a_staged_load_whose_raw_rows_are_lost_is_staged_again(dropped, warehouse):
    from include.pipeline.stage import stage

    stage(dropped)
    warehouse.execute("truncate raw.file_reading")
    run_to_the_end(dropped)
    assert count(warehouse, "canonical.meter_reading") == 96


def test_a_released_load_whose_raw_rows_are_lost_stays_released_until_it_is_replayed(ingest, warehouse):
    from include.pipeline import process, release
    from include.pipeline.publish import publish

    held = ingest(csv([100] * 5 + ["x"] * 5))["load_id"]
    release.release_load(held, actor="user:ada", reason="checked")
    warehouse.execute("truncate raw.file_reading, raw.judged_reading")
    publish()
    assert count(warehouse, "canonical.meter_reading") == 5
    assert process.replay(held, actor="user:ada", reason="another column map")["status"] == "held"


def test_a_publication_killed_after_it_opened_is_resumed(dropped, warehouse):
    from include.pipeline.process import process
    from include.pipeline.publish import publish

    process(dropped)
    killed("from include.pipeline.publish import publish; publish()", "publication_opened")
    assert warehouse.execute("select status from ops.publication").fetchall() == [{"status": "open"}]
    assert publish()["publication_id"] == 1
    assert warehouse.execute("select status from ops.publication").fetchall() == [{"status": "closed"}]
    assert publish() is None


def _wait_until_stopped(process) -> None:
    for _ in range(600):
        if Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
            return
        time.sleep(0.1)
    raise AssertionError("the process never stopped")
