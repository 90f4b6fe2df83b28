"""Airflow for Dag tests: a metadata database of its own on SQLite, and `airflow dags test` as a user would call it."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests import warm

ROOT = Path(__file__).resolve().parents[2]
# A Dag test runs one task after the other, so tasks that watch the one dbt invocation would wait for it for ever.
CONSUMERS = r"dbt_build\.(?!dbt_producer_watcher$).*"
# Airflow's command line, once for each of the argument lists; stops at the first that fails
COMMANDS = """
import json, sys
from airflow import settings
from airflow.__main__ import main

settings.initialize()
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["airflow", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


@pytest.fixture(scope="session")
def airflow_env() -> dict[str, str]:
    """Environment of an Airflow whose database was migrated once for the session."""
    env = {
        "AIRFLOW_HOME": os.environ["AIRFLOW_HOME"],
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "PYTHONPATH": str(ROOT),
    }
    airflow(env, ["db", "migrate"])
    return env


@pytest.fixture
def run_dags(warehouse, airflow_env, template_folder, tmp_path) -> Callable[..., str]:
    """Run Dags one after the other, each to its end, in the test's warehouse; returns their log, or fails with it."""
    from include.pipeline import dbt

    # what Cosmos renders from, and what spares dbt to parse the project
    shutil.copytree(template_folder / "dbt_target", tmp_path / "dbt_target")

    def run(*dag_ids: str, may_fail: bool = False, **conf: int) -> str:
        parameters = ("--conf", json.dumps(conf)) if conf else ()
        test = ("dags", "test", "--mark-success-pattern", CONSUMERS, *parameters)
        runs = [[*test, dag_id] for dag_id in dag_ids]
        return airflow({**airflow_env, **dbt.environment()}, *runs, may_fail=may_fail)

    return run


def airflow(env: Mapping[str, str], *commands: list[str], may_fail: bool = False) -> str:
    """Run some commands of Airflow in one process; returns what they printed, or fails with it."""
    done = warm.run("-c", COMMANDS, env={**os.environ, **env}, given=json.dumps(commands))
    log = done.stdout + done.stderr
    assert may_fail or done.returncode == 0, log[-6000:]
    return log
