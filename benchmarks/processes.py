"""CPU seconds of a process and of a PostgreSQL server, from `/proc`."""

import os
from collections.abc import Iterator
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of its children, those alive and those that ended."""
    return sum(sum(_ticks(member)) for member in family(pid)) / TICKS_PER_S


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it; `/proc` is read once, because what measures is measured too."""
    children: dict[str, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            for parent in _fields(int(folder.name))[1:2]:
                children.setdefault(parent, []).append(int(folder.name))
    members = [pid]
    for member in members:
        yield member
        members += children.get(str(member), [])


def _ticks(pid: int) -> list[int]:
    """Ticks of the process in user and system mode, then those of its children that ended."""
    return [int(field) for field in _fields(pid)[11:15]]


def _fields(pid: int) -> list[str]:
    """What stands behind the name in `/proc/PID/stat`; nothing when the process just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
