"""Our programs in processes that begin with everything imported: a fork takes milliseconds, a start takes seconds.

What is started here is a process of its own all the same: with its own environment and output, leader of a session,
to be killed at any moment. How a user starts a program is tested without this, once for each.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.warm_imports"])


class Program:
    """A started program, as `subprocess.Popen` shows one; `command` is what would follow `python`: `-m` or `-c`."""

    def __init__(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        streams: tuple[str, str, str] | None = None,
    ) -> None:
        self.args = command
        arguments = (command, dict(os.environ if env is None else env), str(cwd), streams)
        self._process = _context.Process(target=_become, args=arguments, daemon=True)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for the signal that ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code; raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def run(
    *command: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    given: str = "",
    timeout: float = 180.0,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end with `given` as its input, and return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("input", "output", "errors")]
        paths[0].write_text(given)
        program = Program(*command, env=env, cwd=cwd, streams=tuple(map(str, paths)))
        try:
            code = program.wait(timeout)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
        return subprocess.CompletedProcess(command, code, *(path.read_text() for path in paths[1:]))


def sunledger(*arguments: str, cwd: Path, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """What `bin/sunledger` does with these arguments, called from some folder."""
    return run("-m", "include.cli", *arguments, env={**os.environ, **env}, cwd=cwd, given=given)


def _become(command: tuple[str, ...], env: dict[str, str], cwd: str, streams: tuple[str, str, str] | None) -> None:
    """Be the program, in the forked process."""
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    if streams:
        given, output, errors = streams
        os.dup2(os.open(given, os.O_RDONLY), 0)
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
        sys.stdin = os.fdopen(0, closefd=False)
    kind, program, *arguments = command
    sys.argv = [program, *arguments]
    if kind == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(compile(program, "<command>", "exec"), {"__name__": "__main__"})
