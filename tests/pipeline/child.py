"""Runs a step of the pipeline in a process of its own, so that a test can kill it."""

import os
import signal

from tests import warm


def start(code: str, failpoints: str = "") -> warm.Program:
    """Start Python code with the settings of this process and some armed failpoints."""
    return warm.Program("-c", code, env={**os.environ, "SUNLEDGER_FAILPOINTS": failpoints})


def killed(code: str, failpoint: str) -> None:
    """Run code that kills itself at a failpoint, and make sure that it did."""
    process = start(code, f"{failpoint}=kill")
    assert process.wait(timeout=120) == -signal.SIGKILL, f"{failpoint} was never reached"
