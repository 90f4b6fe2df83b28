"""The stack that is up: PostgreSQL that was killed is started again on its port, and what is committed is there."""

import signal

import psycopg

from include.local import postgres, processes, stack
from include.local.settings import read


def test_postgres_that_was_killed_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(stack, "RESTART_S", 0.2)
    ours = stack.Stack(read({"SUNLEDGER_LOCAL_DIR": str(tmp_path / "local")}))
    with postgres.ephemeral() as server:
        ours.server = server
        with psycopg.connect(server.superuser_url) as connection:
            connection.execute("create table kept as select 7 as answer")
        ours.tend()
        postmaster = processes.identify(int((server.data_dir / "postmaster.pid").read_text().split()[0]))
        processes.send(postmaster, signal.SIGKILL)
        processes.wait_gone({postmaster}, 60)
        ours.tend()
        with psycopg.connect(server.superuser_url) as connection:
            assert connection.execute("select answer from kept").fetchone() == (7,)
