"""A throw-away warehouse with an organization and the ingest API in a process of its own."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import requests
from fastapi import FastAPI

from include.local import ports, postgres

ROLES = ("loader", "transformer", "api", "reader")
METERS = 20
PLANT = {
    "organization": "Benchmark Energy",
    "projects": [
        {
            "name": "Plant",
            "time_zone": "Europe/Berlin",
            "meters": [
                {"name": f"M{number}", "devices": [{"source": "snowflake", "site": "P1", "device": f"INV-{number}"}]}
                for number in range(METERS)
            ],
        }
    ],
}


@dataclass(frozen=True, slots=True)
class World:
    """Where the API answers, the key it knows, and the two processes whose time counts."""

    url: str
    key: str
    server_pid: int
    postgres_pid: int


@contextmanager
def world() -> Iterator[World]:
    """Start everything; the database keeps nothing on disk at a commit, so it answers a little early."""
    with tempfile.TemporaryDirectory(prefix="sunledger-bench-") as folder, postgres.ephemeral() as cluster:
        _prepare(cluster, Path(folder))
        key = _register()
        with serving("uvicorn", "benchmarks.world:app", "--factory", "--log-level", "warning") as (url, pid):
            yield World(url, key, pid, int((cluster.data_dir / "postmaster.pid").read_text().split()[0]))


def app() -> FastAPI:
    """The API for clients with keys; nobody logs in."""
    from include.api.app import create_app

    async def nobody(_request) -> None:
        return None

    return create_app(nobody)


def _prepare(cluster: postgres.Server, folder: Path) -> None:
    """Point this process and its children to a migrated database with the views that judging reads."""
    from include.pipeline import dbt
    from include.warehouse.migrate import migrate

    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("create database bench")
    password = secrets.token_urlsafe(24)
    for role in ROLES:
        os.environ[f"SUNLEDGER_{role.upper()}_PASSWORD"] = password
        os.environ[f"WAREHOUSE_{role.upper()}_URL"] = cluster.url("bench", f"sunledger_{role}", password)
    os.environ["LAKE_URL"] = f"file://{folder / 'lake'}"
    os.environ["DBT_TARGET_PATH"], os.environ["DBT_LOG_PATH"] = str(folder / "target"), str(folder / "logs")
    migrate(cluster.url("bench"))
    dbt.prepare()


def _register() -> str:
    from include.pipeline import registration
    from include.warehouse import api_keys
    from include.warehouse.database import connect

    organization_id = registration.apply(PLANT)["organization_id"]
    with connect() as connection:
        return api_keys.create(
            connection,
            organization_id,
            label="bench",
            scopes=["meter_data"],
            actor="bench",
            calls_per_minute=1_000_000,
        ).text


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[tuple[str, int]]:
    """A server of `python -m module`, told its free port by `--port`; yields its address and process id."""
    port = ports.pick()
    command = [sys.executable, "-m", module, *arguments, "--port", str(port)]
    process = subprocess.Popen(command, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, patience_s: float = 60.0) -> None:
    """Return as soon as a server that was just started answers."""
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            requests.get(f"{url}/health", timeout=5)
            return
        except requests.ConnectionError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
