"""Processes as Linux shows them under /proc, told apart even when the kernel reuses a number.

A process id alone is not an identity: after a kill or a reboot it may belong to anyone. The id,
the start time in clock ticks and the boot together are.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, identified beyond the reuse of its number."""

    pid: int
    started_ticks: int
    boot: str

    @property
    def is_alive(self) -> bool:
        """True while this very process runs; a zombie has stopped running."""
        return identify(self.pid) == self


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    parent: int
    started_ticks: int


def identify(pid: int) -> Process | None:
    """Return the running process that now has this number."""
    stat = _stat(pid)
    if stat is None or stat.state in "ZX":
        return None
    return Process(pid, stat.started_ticks, _boot())


def myself() -> Process:
    """Return the identity of the calling process."""
    process = identify(os.getpid())
    if process is None:
        raise RuntimeError("this program needs Linux with /proc mounted")
    return process


def running() -> Iterator[Process]:
    """Yield every running process that is visible to us."""
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (process := identify(int(entry.name))):
            yield process


def environment(pid: int) -> dict[str, str]:
    """Return the environment the process was started with, empty if it may not be read."""
    try:
        block = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (item.partition(b"=") for item in block.split(b"\0") if b"=" in item)
    return {os.fsdecode(key): os.fsdecode(value) for key, _, value in pairs}


def working_directory(pid: int) -> Path | None:
    """Return the folder the process works in, if it may be read."""
    try:
        return (PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def ancestors(pid: int) -> set[int]:
    """Return the ids of the parent, its parent and so on."""
    found: set[int] = set()
    while (stat := _stat(pid)) and stat.parent and stat.parent not in found:
        pid = stat.parent
        found.add(pid)
    return found


def with_descendants(roots: set[Process]) -> set[Process]:
    """Return the given processes and everything that still hangs below them."""
    children: dict[int, set[Process]] = {}
    for process in running():
        if stat := _stat(process.pid):
            children.setdefault(stat.parent, set()).add(process)
    found, open_ends = set(roots), list(roots)
    while open_ends:
        below = children.get(open_ends.pop().pid, set()) - found
        found |= below
        open_ends.extend(below)
    return found


def send(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process; one that has gone meanwhile needs no signal."""
    if process.is_alive:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def wait_gone(processes: set[Process], timeout_s: float) -> set[Process]:
    """Wait until the processes have stopped and return those that have not."""
    deadline = time.monotonic() + timeout_s
    while (left := {process for process in processes if process.is_alive}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The command name stands in parentheses and may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return _Stat(state=fields[0], parent=int(fields[1]), started_ticks=int(fields[19]))


@cache
def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()
