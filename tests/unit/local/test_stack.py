"""What becomes of the stack when PostgreSQL is killed.

Once it is up, it is started again on its port, and what is committed is there; a start that meets it says so.
"""

import signal
from datetime import UTC, datetime

import psycopg
import pytest

from include.local import postgres, processes, stack
from include.local.failures import StackFailed
from include.local.settings import read


def kill(server) -> None:
    postmaster = processes.identify(int((server.data_dir / "postmaster.pid").read_text().split()[0]))
    processes.send(postmaster, signal.SIGKILL)
    processes.wait_gone({postmaster}, 60)


def test_postgres_that_was_killed_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(stack, "RESTART_S", 0.2)
    ours = stack.Stack(read({"SUNLEDGER_LOCAL_DIR": str(tmp_path / "local")}))
    with postgres.ephemeral() as server:
        ours.server = server
        with psycopg.connect(server.superuser_url) as connection:
            connection.execute("create table kept as select 7 as answer")
        ours.tend()
        kill(server)
        ours.tend()
        with psycopg.connect(server.superuser_url) as connection:
            assert connection.execute("select answer from kept").fetchone() == (7,)


def test_a_start_during_which_postgres_dies_says_so(tmp_path, monkeypatch):
    ours = stack.Stack(read({"SUNLEDGER_LOCAL_DIR": str(tmp_path / "local")}))
    with postgres.ephemeral() as server:
        ours.server = server
        ours.since = datetime.now(UTC)
        ours.service = {"WAREHOUSE_LOADER_URL": server.superuser_url, "AIRFLOW__API__BASE_URL": "http://127.0.0.1:9"}

        def dies_while_asked(connection) -> bool:
            kill(server)
            return connection.execute("select true").fetchone()

        monkeypatch.setattr(ours, "_is_published", dies_while_asked)
        with pytest.raises(StackFailed, match="PostgreSQL stopped"):
            ours.await_publication(stays_up=False)
