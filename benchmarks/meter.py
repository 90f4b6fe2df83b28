"""Wall seconds and CPU seconds of a piece of work, client and server together, and memory watched from outside."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.processes import cpu_seconds, family

SAMPLE_S = 0.1


@dataclass(slots=True)
class Reading:
    """What a piece of work took, in seconds."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    client_cpu_s: float = 0.0

    def add(self, other: "Reading") -> None:
        """What both took together."""
        self.wall_s += other.wall_s
        self.cpu_s += other.cpu_s
        self.client_cpu_s += other.client_cpu_s

    def rounded(self) -> dict[str, float]:
        """The figures, rounded for people."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


@contextmanager
def metered(postgres_pid: int) -> Iterator[Reading]:
    """Measure the body: this process with the children it waited for, and the PostgreSQL of this postmaster.

    The server must not be a child of this process, or its work would count twice.
    """
    reading = Reading()
    server, client, started = cpu_seconds(postgres_pid), _own_cpu_seconds(), time.perf_counter()
    try:
        yield reading
    finally:
        reading.wall_s = time.perf_counter() - started
        reading.client_cpu_s = _own_cpu_seconds() - client
        reading.cpu_s = reading.client_cpu_s + cpu_seconds(postgres_pid) - server


@contextmanager
def watched(*pids: int) -> Iterator[dict[int, float]]:
    """Watch, from outside, the memory of some processes and their children while the body runs.

    Yields, and fills, the peak of the largest process of each family: MiB that it shares with nobody, because the
    pages of PostgreSQL's shared buffers are not one backend's own.
    """
    peaks = dict.fromkeys(pids, 0.0)
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(peaks, stop), daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        stop.set()
        watcher.join()


def _watch(peaks: dict[int, float], stop: threading.Event) -> None:
    while not stop.wait(SAMPLE_S):
        for root, peak in peaks.items():
            peaks[root] = max(peak, largest_mib(root))


def largest_mib(root: int) -> float:
    """The memory of the largest process of a family now, MiB that it shares with nobody."""
    return max(_private_mib(pid) for pid in family(root))


def _private_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


def _own_cpu_seconds() -> float:
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system
