"""Secrets through Airflow: no log, XCom, rendered template or row holds one, in a good run or a refused one."""

from pathlib import Path

from simulators.server import Clock, running
from simulators.solaredge import create_app
from tests.canaries import leaks
from tests.pipeline.solaredge_account import register

KEY = "canary-7f3a-fleet-key"


def test_airflow_keeps_no_secret(warehouse, monkeypatch, run_dags, airflow_env, tmp_path):
    register(monkeypatch, key=KEY)
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "DEBUG")
    monkeypatch.delenv("FLEET_KEY")
    logs = []
    for accepted in (KEY, "another-key"):
        with running(create_app(seed=7, clock=Clock(), api_key=accepted, calls_per_minute=10_000)) as url:
            monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
            logs.append(run_dags("extract_solaredge", may_fail=accepted != KEY))
        warehouse.execute("update ops.integration_site set last_sync_at = null, last_sync_started_at = null")
    assert "E404_AUTH_FAILED" in logs[1] and "E404_AUTH_FAILED" not in logs[0]
    assert (Path(airflow_env["AIRFLOW_HOME"]) / "airflow.db").stat().st_size > 0  # XCom and rendered templates
    assert leaks({KEY}, warehouse, Path(airflow_env["AIRFLOW_HOME"]), tmp_path, texts=logs) == []
