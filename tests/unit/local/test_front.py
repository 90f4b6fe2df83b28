import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from include.core.settings import PROJECT_ROOT
from include.local import front, settings
from include.local.failures import StackFailed, tail

HOLD = """
import sys, time
from pathlib import Path
from include.local import front, settings
with front.alone(settings.read({}, Path(sys.argv[1]))), front.signals():
    try:
        print("held", flush=True)
        time.sleep(600)
    except front.Stopped as reason:
        print("stopped by", reason, flush=True)
"""
# Starts the holder and ends, so that the holder has lost whoever started it.
START_AND_LEAVE = """
import subprocess, sys
holder = subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]], stdout=subprocess.PIPE)
holder.stdout.readline()
"""


@pytest.fixture
def chosen(tmp_path):
    found = settings.read({}, tmp_path)
    yield found
    front.stop_running(found)


@pytest.fixture
def hold(chosen):
    """Starts another front process of the same folder."""
    with ExitStack() as stack:

        def start() -> subprocess.Popen:
            command = [sys.executable, "-c", HOLD, str(chosen.root)]
            holder = stack.enter_context(subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True))
            stack.callback(holder.kill)
            assert holder.stdout.readline() == "held\n"
            return holder

        yield start


def test_a_second_stack_in_the_same_folder_is_refused(chosen, hold):
    hold()
    with pytest.raises(StackFailed, match=r"already runs .*make stop"), front.alone(chosen):
        pass


def test_stop_ends_a_running_stack_politely(chosen, hold):
    holder = hold()
    assert front.stop_running(chosen)
    assert holder.stdout.read() == "stopped by SIGTERM\n"
    assert not front.stop_running(chosen)


def test_a_stack_whose_starter_was_killed_is_replaced(chosen):
    command = [sys.executable, "-c", START_AND_LEAVE, HOLD, str(chosen.root)]
    subprocess.run(command, cwd=PROJECT_ROOT, check=True)
    with front.alone(chosen):
        assert f'"pid": {os.getpid()}' in (chosen.run / "front").read_text()


def test_a_killed_stack_leaves_the_folder_free(chosen, hold):
    holder = hold()
    holder.kill()
    holder.wait()
    with front.alone(chosen):
        pass


def test_a_signal_that_means_stop_interrupts_whatever_runs():
    with pytest.raises(front.Stopped), front.signals():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)


def test_a_start_that_takes_too_long_fails_with_the_setting_that_helps():
    with pytest.raises(StackFailed, match="SUNLEDGER_TIMEOUT_S"), front.time_limit(1):
        time.sleep(60)


def test_the_end_of_an_airflow_task_log_is_readable(tmp_path):
    log = tmp_path / "attempt=1.log"
    log.write_text(
        'plain\n{"level": "error", "event": "Task failed", "error_detail": '
        '[{"exc_type": "VendorUnavailable", "exc_value": "E401: 503"}]}\n{"other": 1}\n'
    )
    assert tail(log) == 'plain\nerror: Task failed  VendorUnavailable: E401: 503\n{"other": 1}'
    assert tail(tmp_path / "none.log") == ""
