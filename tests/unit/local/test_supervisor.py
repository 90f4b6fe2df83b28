"""The front process is killed as by ``kill -9``; the sweep must find all it started, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from include.core.settings import PROJECT_ROOT
from include.local import processes, supervisor
from include.local.environment import MARKER
from include.local.failures import StackFailed
from include.local.supervisor import Supervisor

SLEEP = "import time; time.sleep(600)"
# A child that starts a grandchild in a session of its own, one of them without our environment.
CHILD = f"""
import subprocess, sys, time
command = [sys.executable, "-c", {SLEEP!r}]
subprocess.Popen(command, start_new_session=True)
subprocess.Popen(command, env={{}})
time.sleep(600)
"""
FRONT = """
import os, sys, time
from pathlib import Path
from include.local.supervisor import Supervisor
Supervisor(Path(sys.argv[1])).start("child", [sys.executable, "-c", sys.argv[2]], dict(os.environ), Path.cwd())
time.sleep(600)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def marked(local: Path) -> set[processes.Process]:
    return {p for p in processes.running() if processes.environment(p.pid).get(MARKER) == str(local)}


def start_front(local: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", FRONT, str(local), CHILD]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, start_new_session=True)


@pytest.fixture
def bystander(tmp_path):
    """The stack of another checkout."""
    process = subprocess.Popen([sys.executable, "-c", SLEEP], env={**os.environ, MARKER: str(tmp_path / "other")})
    yield process
    process.kill()
    process.wait()


def test_nothing_survives_a_killed_front_process_and_nothing_else_is_touched(tmp_path, bystander):
    local = tmp_path / "ours"
    front = start_front(local)
    wait_for(lambda: len(marked(local)) == 2)
    child = supervisor.recorded(local)["child"]
    wait_for(lambda: len(processes.with_descendants({child})) == 3)
    family = processes.with_descendants({child})
    front.kill()
    front.wait()

    assert supervisor.sweep(local) == family
    assert not any(process.is_alive for process in family)
    assert bystander.poll() is None
    assert list((local / "run").glob("*.json")) == []


def test_what_ignores_a_polite_request_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "PATIENCE_S", {signal.SIGTERM: 0.3, signal.SIGKILL: 10.0})
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); " + SLEEP
    child = Supervisor(tmp_path).start("stubborn", [sys.executable, "-c", stubborn], os.environ, tmp_path)
    wait_for(lambda: child.log.read_text() == "1\n")
    supervisor.sweep(tmp_path)
    assert child.process.wait() == -signal.SIGKILL


def test_a_record_whose_number_belongs_to_another_process_now_is_ignored(tmp_path, bystander):
    supervisor.record(tmp_path, "old", bystander.pid)
    record = tmp_path / "run" / "old.json"
    ticks = processes.identify(bystander.pid).started_ticks
    record.write_text(record.read_text().replace(str(ticks), str(ticks - 1)))
    assert supervisor.recorded(tmp_path) == {}
    assert supervisor.sweep(tmp_path) == set()
    assert bystander.poll() is None


def test_a_damaged_record_does_not_stop_the_sweep(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "child.json").write_text("{")
    assert supervisor.sweep(tmp_path) == set()


def test_a_part_that_dies_is_named_with_its_log(tmp_path):
    keeper = Supervisor(tmp_path)
    child = keeper.start("scheduler", [sys.executable, "-c", "raise SystemExit('out of luck')"], os.environ, tmp_path)
    child.process.wait()
    with pytest.raises(StackFailed, match="scheduler stopped with exit code 1") as failure:
        keeper.check()
    assert "out of luck" in failure.value.log.read_text()


def test_a_part_that_ends_well_is_no_longer_watched(tmp_path):
    keeper = Supervisor(tmp_path)
    keeper.finish(keeper.start("migrate", [sys.executable, "-c", ""], os.environ, tmp_path))
    keeper.check()
    with pytest.raises(StackFailed, match="migrate failed with exit code 3"):
        keeper.finish(keeper.start("migrate", [sys.executable, "-c", "raise SystemExit(3)"], os.environ, tmp_path))


def test_a_part_that_was_killed_is_started_again_without_what_it_had_started(tmp_path):
    keeper = Supervisor(tmp_path)
    family = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print(1, flush=True); {SLEEP}"
    )
    first = keeper.start("api-server", [sys.executable, "-c", family], os.environ, tmp_path)
    wait_for(lambda: first.log.read_text() == "1\n")
    assert keeper.revive() == []
    before = processes.with_descendants({processes.identify(first.process.pid)})
    first.process.kill()
    first.process.wait()
    assert keeper.revive() == ["api-server"]
    [second] = keeper.children
    assert second.process.poll() is None and supervisor.recorded(tmp_path)["api-server"].pid == second.process.pid
    assert len(before) == 2 and not processes.wait_gone(before, 60)
    supervisor.sweep(tmp_path)


def test_a_part_that_stops_again_and_again_is_a_failure(tmp_path):
    keeper = Supervisor(tmp_path)
    keeper.start("scheduler", [sys.executable, "-c", "raise SystemExit('out of luck')"], os.environ, tmp_path)
    with pytest.raises(StackFailed, match="scheduler stops again and again") as failure:
        for _ in range(supervisor.MOST_STARTS + 1):
            keeper.children[0].process.wait()
            keeper.revive()
    assert "out of luck" in failure.value.log.read_text()
