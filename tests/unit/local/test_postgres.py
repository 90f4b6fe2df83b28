import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from include.core.settings import PROJECT_ROOT
from include.local import pgcluster, ports, postgres, processes
from include.local.failures import StackFailed
from include.local.pgsettings import THROW_AWAY

PASSWORD = "p@ss/word"


@pytest.fixture
def folder():
    # Not below pytest's own folder, whose parents are closed to the user PostgreSQL runs as.
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "data"
        postgres.stop(Path(name) / "data")


def start(folder: Path, **arguments) -> postgres.Server:
    return postgres.start(folder, PASSWORD, settings=THROW_AWAY, **arguments)


def value(server: postgres.Server, query: str):
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        return connection.execute(query).fetchone()[0]


def postmaster_pid(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def test_it_listens_on_loopback_and_asks_for_a_password(folder):
    server = start(folder)
    assert value(server, "show listen_addresses") == "127.0.0.1"
    assert value(server, "show unix_socket_directories") == ""
    assert value(server, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url("postgres", password="wrong"))


def test_what_was_stored_is_there_after_stop_and_start(folder):
    server = start(folder)
    with psycopg.connect(server.superuser_url) as connection:
        connection.execute("create table kept as select 7 as answer")
    server.stop()
    assert not server.is_running
    assert value(start(folder), "select answer from kept") == 7


def test_a_running_server_is_adopted(folder):
    first = start(folder)
    pid = postmaster_pid(folder)
    assert start(folder) == first
    assert postmaster_pid(folder) == pid


def test_a_server_that_outlived_its_starter_is_adopted_and_stopped(folder):
    code = f"""
import os
from pathlib import Path
from include.local import postgres
postgres.start(Path({str(folder)!r}), {PASSWORD!r})
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=False).returncode == -signal.SIGKILL
    server = start(folder)
    assert value(server, "select 1") == 1
    server.stop()
    assert not pgcluster.healthy_port(folder)


def test_it_starts_again_after_kill_9_of_the_postmaster(folder):
    server = start(folder)
    postmaster = processes.identify(postmaster_pid(folder))
    processes.send(postmaster, signal.SIGKILL)
    processes.wait_gone({postmaster}, 60)
    assert value(start(folder, port=server.port), "select 1") == 1


def test_it_starts_again_although_an_unlogged_table_was_just_taken_back(folder):
    server = start(folder)
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("create unlogged table half_made ()")
        path = connection.execute("select pg_relation_filepath('half_made')").fetchone()[0]
    pgcluster.halt(folder, signal.SIGKILL)
    # as taking it back leaves the folder, when the server dies before its journal tells
    (folder / f"{path}_init").unlink()
    server.restart_immediate()
    assert server.log.read_text().count(f'could not create file "{path}": File exists') == 1
    assert server.is_running


def test_a_stale_pid_file_that_names_a_stranger_is_no_obstacle(folder):
    server = start(folder)
    server.stop()
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n1\n{server.port}\n\n127.0.0.1\n1 1\nready\n")
    assert value(start(folder), "select 1") == 1


def test_a_crash_keeps_committed_rows_and_the_address():
    with postgres.ephemeral() as server:
        with psycopg.connect(server.superuser_url) as connection:
            connection.execute("create table kept as select 7 as answer")
        server.restart_immediate()
        assert value(server, "select answer from kept") == 7
    assert not server.data_dir.parent.exists()
    assert not ports.is_answering(server.port)


def test_a_busy_port_is_replaced(folder):
    with postgres.ephemeral() as other:
        assert start(folder, port=other.port).port != other.port


def test_the_cluster_of_a_killed_test_session_is_removed_by_the_next_one():
    code = """
import os
from include.local import postgres
with postgres.ephemeral() as server:
    print(server.data_dir, flush=True)
    os.kill(os.getpid(), 9)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=False, capture_output=True, text=True)
    abandoned = Path(run.stdout.strip())
    assert pgcluster.healthy_port(abandoned)
    with postgres.ephemeral():
        assert not abandoned.exists()


def test_an_interrupted_creation_does_not_look_complete(folder):
    draft = folder.with_name("data.new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")
    assert value(start(folder), "select 1") == 1


def test_a_server_that_cannot_start_says_why(folder):
    with pytest.raises(StackFailed, match="shared_buffers") as failure:
        postgres.start(folder, PASSWORD, settings={**THROW_AWAY, "shared_buffers": "lots"})
    assert failure.value.log.exists()
