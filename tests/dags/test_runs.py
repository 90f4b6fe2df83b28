"""Every Dag runs to its end, from the vendor or the inbox to published readings."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from simulators.server import Clock, running
from simulators.solaredge import create_app
from tests.pipeline.conftest import PLANT
from tests.pipeline.files import csv
from tests.pipeline.oracle import count
from tests.pipeline.solaredge_account import register


def test_dropped_files_are_ingested_and_published(warehouse, run_dags, airflow_env):
    from include.core import settings
    from include.pipeline import registration

    organization = registration.apply(PLANT)["organization_id"]
    folder = settings.inbox_dir() / "manual" / str(organization)
    folder.mkdir(parents=True)
    (folder / "day.csv").write_text(csv(range(96)))
    run_dags("ingest_files", "ingest_files")
    assert count(warehouse, "ops.ingestion_log", "status = 'accepted'") == count(warehouse, "ops.ingestion_log") == 1
    run_dags("transform", "transform")
    assert count(warehouse, "canonical.meter_reading") == 96
    assert count(warehouse, "ops.publication", "status = 'closed'") == count(warehouse, "ops.publication") == 1
    told = {key: value for key, value in _told(airflow_env) if "meter_reading" in key}
    assert json.loads(told["model__sunledger__meter_reading_status"])["status"] == "success"
    assert told["model__sunledger__meter_reading_tests_status"] == '"pass"'


def _told(airflow_env):
    """What the build told the tasks that show how its models ended."""
    with closing(sqlite3.connect(Path(airflow_env["AIRFLOW_HOME"]) / "airflow.db")) as metadata:
        query = "select key, value from xcom where task_id = 'dbt_build.dbt_producer_watcher'"
        return metadata.execute(query).fetchall()


def test_every_site_is_extracted(warehouse, monkeypatch, run_dags):
    register(monkeypatch)
    with running(create_app(seed=7, clock=Clock(), calls_per_minute=10_000)) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        run_dags("extract_solaredge")
    assert count(warehouse, "ops.integration_site", "last_sync_status = 'success'") == 2
    assert count(warehouse, "ops.ingestion_log", "status = 'accepted'") == count(warehouse, "ops.ingestion_log") > 0


def test_a_run_for_one_site_reads_that_site_alone_and_as_far_back_as_asked(warehouse, monkeypatch, run_dags):
    asked, other = register(monkeypatch)
    with running(create_app(seed=7, clock=Clock(), calls_per_minute=10_000)) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        run_dags("extract_solaredge", site_id=asked, lookback_hours=3)
    rows = warehouse.execute(
        "select integration_site_id, last_sync_status from ops.integration_site order by integration_site_id"
    ).fetchall()
    assert {row["integration_site_id"]: row["last_sync_status"] for row in rows} == {asked: "success", other: None}
    [span] = warehouse.execute(
        "select max(data_end_at) - min(data_start_at) <= interval '3 hours' as is_short from ops.ingestion_log"
    ).fetchall()
    assert span["is_short"]
