"""CPU seconds of a process and of a PostgreSQL server, from `/proc`."""

import os
from collections.abc import Iterator
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of its children, those alive and those that ended.

    A child that ends while they are added up is in neither sum, so they are added up again.
    """
    while True:
        before = _ticks(pid)
        seconds = sum(before) / TICKS_PER_S + sum(cpu_seconds(child) for child in _children(pid))
        if _ticks(pid)[2:] == before[2:]:
            return seconds


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    for child in _children(pid):
        yield from family(child)


def _children(pid: int) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _fields(int(folder.name))[1:2] == [str(pid)]:
            yield int(folder.name)


def _ticks(pid: int) -> list[int]:
    """Ticks of the process in user and system mode, then those of its children that ended."""
    return [int(field) for field in _fields(pid)[11:15]]


def _fields(pid: int) -> list[str]:
    """What stands behind the name in `/proc/PID/stat`; nothing when the process just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
