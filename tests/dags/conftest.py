"""Airflow for Dag tests: a metadata database of its own on SQLite, and `airflow dags test` as a user would call it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A Dag test runs one task after the other, so tasks that watch the one dbt invocation would wait for it for ever.
CONSUMERS = r"dbt_build\.(?!dbt_producer_watcher$).*"


@pytest.fixture(scope="session")
def airflow_env(tmp_path_factory) -> dict[str, str]:
    """Environment of an Airflow home that was migrated once for the session."""
    home = tmp_path_factory.mktemp("airflow")
    env = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__CACHE_DIR": str(home / "cosmos"),
        "PYTHONPATH": str(ROOT),
    }
    _airflow(env, "db", "migrate")
    return env


@pytest.fixture
def run_dag(warehouse, airflow_env) -> Callable[..., str]:
    """Run one Dag with parameters to its end in the test's warehouse; returns its log, or fails with it."""
    from include.pipeline import dbt

    def run(dag_id: str, *, may_fail: bool = False, **conf: int) -> str:
        dbt.prepare()  # the manifest that Cosmos renders from
        parameters = ("--conf", json.dumps(conf)) if conf else ()
        command = ("dags", "test", "--mark-success-pattern", CONSUMERS, *parameters, dag_id)
        return _airflow({**airflow_env, **dbt.environment()}, *command, may_fail=may_fail)

    return run


def _airflow(env: Mapping[str, str], *arguments: str, may_fail: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        env={**os.environ, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    log = done.stdout + done.stderr
    assert may_fail or done.returncode == 0, log[-6000:]
    return log
