"""Runs a step of the pipeline in a process of its own, so that a test can kill it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(code: str, failpoints: str = "") -> subprocess.Popen:
    """Start Python code with the settings of this process and some armed failpoints."""
    env = {**os.environ, "SUNLEDGER_FAILPOINTS": failpoints, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code], env=env, cwd=ROOT, start_new_session=True)


def killed(code: str, failpoint: str) -> None:
    """Run code that kills itself at a failpoint, and make sure that it did."""
    process = start(code, f"{failpoint}=kill")
    assert process.wait(timeout=120) == -signal.SIGKILL, f"{failpoint} was never reached"
