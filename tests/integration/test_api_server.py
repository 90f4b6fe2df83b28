"""The ingest API inside Airflow's own server, with two worker processes: as clients meet it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from include.local import ports
from tests.api.accounts import enter, site
from tests.api.conftest import api, app, make_key, readings, tenant  # noqa: F401 -- fixtures

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 240
POOLS = "select count(distinct client_port) as n from pg_stat_activity where application_name = %s and datname = %s"

pytestmark = pytest.mark.scheduler


def _airflow(env: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "airflow", *arguments]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.fixture
def environment(warehouse, cluster, tmp_path) -> dict[str, str]:
    """Of an Airflow with a metadata database of its own, and a person called ada."""
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("drop database if exists airflow_api with (force)")
        connection.execute("create database airflow_api")
    home = tmp_path / "airflow"
    database = cluster.url("airflow_api").replace("postgresql://", "postgresql+psycopg2://", 1)
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ada:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-this-test-and-of-nothing-else-0123456789",
        "PYTHONPATH": str(ROOT),
    }
    home.mkdir()
    (home / "passwords.json").write_text('{"ada": "adas-password"}')
    _airflow(env, "db", "migrate")
    _airflow(env, "dags", "reserialize")
    return env


@pytest.fixture
def server(environment) -> Iterator[str]:
    """The address of the server."""
    port = ports.pick()
    command = [
        sys.executable,
        "-m",
        "include.local.api_server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)
    address = f"http://{ports.LOOPBACK}:{port}"
    give_up_at = time.monotonic() + TIMEOUT_S
    while not _answers(f"{address}/api/ingest/health"):
        assert process.poll() is None and time.monotonic() < give_up_at
        time.sleep(0.5)
    yield address
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _is_served(url: str, headers: dict[str, str]) -> bool:
    """Whether a request is taken; a refused one may be cut off before its answer is read."""
    try:
        return requests.get(url, headers=headers, timeout=30).status_code != 431
    except requests.ConnectionError:
        return False


def test_the_api_works_inside_airflows_server(server, environment, api, tenant, warehouse, cluster):  # noqa: F811
    ingest = f"{server}/api/ingest"
    assert requests.get(f"{ingest}/docs", timeout=30).status_code == 200
    assert requests.get(f"{ingest}/openapi.json", timeout=30).json()["servers"] == [{"url": "/api/ingest"}]
    assert requests.get(f"{ingest}/history", timeout=30).status_code == 401

    for _ in range(4):  # whichever worker takes it
        assert not _is_served(f"{ingest}/health", {"X-Long": "x" * 1_000_000})

    pushed = requests.post(f"{ingest}/meter-data", json=readings(8), headers=tenant.headers, timeout=90)
    assert (pushed.status_code, pushed.json()["rows_accepted"]) == (201, 8)
    shown = requests.get(f"{server}{pushed.headers['Location']}", headers=tenant.headers, timeout=30)
    assert shown.json()["load_id"] == pushed.json()["load_id"]

    # each worker process keeps connections of its own, opened when it starts
    database = warehouse.info.dbname
    for role in ("loader", "api"):
        assert warehouse.execute(POOLS, [f"sunledger {role}", database]).fetchone()["n"] >= 3  # one is of this test

    login = {"username": "ada", "password": "adas-password"}
    token = requests.post(f"{server}/auth/token", json=login, timeout=30).json()["access_token"]
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        members.put(connection, tenant.organization_id, "ada", "owner")
    person = {"Authorization": f"Bearer {token}", "X-Organization-ID": str(tenant.organization_id)}
    made = requests.post(
        f"{ingest}/credentials/generate-key", json={"label": "k", "scopes": ["status"]}, headers=person, timeout=30
    )
    assert made.status_code == 201 and made.json()["created_by"] == "user:ada"
    forged = {**person, "Authorization": f"Bearer {token[:-4]}AAAA"}
    assert requests.get(f"{ingest}/keys", headers=forged, timeout=30).status_code == 401

    where = site(api, tenant, enter(api, tenant).json()["credential_id"]).json()["site_id"]
    with psycopg.connect(cluster.url("airflow_api"), autocommit=True) as airflow:
        airflow.execute("update dag set is_paused = true")
        url = f"{ingest}/sync/{where}"
        assert requests.post(url, json={}, headers=tenant.headers, timeout=30).status_code == 409
        airflow.execute("update dag set is_paused = false")
        for _ in range(2):
            started = requests.post(url, json={"lookback_hours": 5}, headers=tenant.headers, timeout=30)
            assert started.status_code == 202, started.text
        runs = airflow.execute("select dag_id, run_id, state, conf from dag_run").fetchall()
    assert started.json()["run_id"] in {run[1] for run in runs} and len(runs) <= 2
    assert {(run[0], run[2], run[3]["site_id"], run[3]["lookback_hours"]) for run in runs} == {
        ("extract_solaredge", "queued", where, 5)
    }
