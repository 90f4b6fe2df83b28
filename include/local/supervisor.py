"""Starts the children of the stack and makes sure that none outlives it.

Every child leads a session of its own and is recorded under ``.local/run`` with its identity.
Whatever it starts inherits the marker ``SUNLEDGER_STACK=<.local of this checkout>``. A sweep stops
the recorded processes, what carries the marker of this checkout, and what hangs below either;
it needs nothing from the process that started them, which may have been killed.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from include.local import processes
from include.local.environment import MARKER
from include.local.failures import StackFailed
from include.local.processes import Process

PATIENCE_S = {signal.SIGTERM: 10.0, signal.SIGKILL: 10.0}
# a part that stops more often than so within so many seconds has a reason that another start does not mend
MOST_STARTS, WITHIN_S = 5, 600.0


@dataclass(frozen=True, slots=True)
class Child:
    """A running part of the stack."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    cwd: Path


class Supervisor:
    """The children of one front process."""

    def __init__(self, local: Path) -> None:
        self.local = local
        self.children: list[Child] = []
        self._revived: dict[str, list[float]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Child:
        """Start a part that keeps running; its output goes to ``.local/logs/<name>.log``."""
        log = self.local / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**environment, MARKER: str(self.local)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, process, log, command, environment, cwd)
        self.children.append(child)
        record(self.local, name, process.pid)
        return child

    def check(self) -> None:
        """Raise if a part that should keep running has stopped."""
        for child in self.children:
            if (code := child.process.poll()) is not None:
                raise StackFailed(f"{child.name} stopped with exit code {code}", log=child.log)

    def revive(self) -> list[str]:
        """Start again the parts that stopped and return their names; one that stops again and again is a failure."""
        stopped = [child for child in self.children if child.process.poll() is not None]
        for child in stopped:
            self.note_revival(child.name, child.log)
            with suppress(ProcessLookupError):  # what it has started would stand in the way of the new one
                os.killpg(child.process.pid, signal.SIGKILL)
            self.children.remove(child)
            self.start(child.name, child.command, child.environment, child.cwd)
        return [child.name for child in stopped]

    def note_revival(self, name: str, log: Path) -> None:
        """Count the starts of a part; raise when it has stopped too often in a short time."""
        now = time.monotonic()
        recent = [at for at in self._revived.get(name, ()) if now - at < WITHIN_S]
        if len(recent) >= MOST_STARTS:
            raise StackFailed(f"{name} stops again and again", log=log)
        self._revived[name] = [*recent, now]

    def finish(self, child: Child) -> None:
        """Wait for a part that ends by itself; a non-zero exit is a failure."""
        code = child.process.wait()
        self.children.remove(child)
        if code:
            raise StackFailed(f"{child.name} failed with exit code {code}", log=child.log)


def record(local: Path, name: str, pid: int) -> None:
    """Write down the identity of a process so that a later sweep finds it, and only it."""
    if identity := processes.identify(pid):
        folder = local / "run"
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}.new"
        draft.write_text(json.dumps(asdict(identity)))
        draft.replace(folder / f"{name}.json")


def recorded(local: Path) -> dict[str, Process]:
    """Return the recorded processes that still run, by name."""
    found: dict[str, Process] = {}
    for path in (local / "run").glob("*.json"):
        try:
            process = Process(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            continue
        if process.is_alive:
            found[path.stem] = process
    return found


def sweep(local: Path) -> set[Process]:
    """Stop everything this checkout's stack left running and return what was found."""
    found: set[Process] = set()
    for number, patience_s in PATIENCE_S.items():
        deadline = time.monotonic() + patience_s
        signalled: set[Process] = set()
        while (left := _survivors(local)) and time.monotonic() < deadline:
            for process in left - signalled:
                processes.send(process, number)
            signalled |= left
            processes.wait_gone(left, 0.2)
        found |= signalled
    if left := _survivors(local):
        raise StackFailed(f"these processes do not stop: {sorted(process.pid for process in left)}")
    for path in (local / "run").glob("*.json"):
        path.unlink()
    return found


def _survivors(local: Path) -> set[Process]:
    us = {os.getpid(), *processes.ancestors(os.getpid())}
    marked = (p for p in processes.running() if processes.environment(p.pid).get(MARKER) == str(local))
    roots = {p for p in (*recorded(local).values(), *marked) if p.pid not in us}
    return {p for p in processes.with_descendants(roots) if p.pid not in us}
