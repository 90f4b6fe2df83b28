"""How long a client waits for the verdict on a push: `python -m benchmarks.http_push [--quick] [--json]`.

Pushes of 96 readings start on a fixed beat whether or not earlier ones are answered, and each wait counts from its
beat, so a slow server cannot hide behind a client that waits for it. Server, database and clients share the machine.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import requests

from benchmarks.processes import cpu_seconds
from benchmarks.world import METERS, World, world

PUSHES_PER_S = 20
READINGS = 96
SECONDS, QUICK_SECONDS = 30, 5
WARM_UP = 20
TARGET_P50_S, TARGET_P99_S = 0.5, 2.0
CLIENTS = 200
_sessions = threading.local()


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; waits in seconds, CPU in seconds per push."""

    pushes: int
    pushes_per_s: float
    readings_per_push: int
    wait_p50_s: float
    wait_p90_s: float
    wait_p99_s: float
    wait_max_s: float
    server_cpu_s: float
    postgres_cpu_s: float
    statuses: dict[int, int]
    cores: int
    load_before: float

    @property
    def is_on_target(self) -> bool:
        """Whether every push was accepted and the waits keep the promise."""
        is_quick = self.wait_p50_s <= TARGET_P50_S and self.wait_p99_s <= TARGET_P99_S
        return is_quick and set(self.statuses) == {201}


def body(number: int) -> bytes:
    """A day of quarter hours of one meter, another one for each number."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = today - timedelta(days=2 + number // METERS)
    readings = [
        {
            "timestamp": (day + timedelta(minutes=15 * row)).isoformat(),
            "site_id": "P1",
            "device_id": f"INV-{number % METERS}",
            "energy_wh": 100.5 + row,
            "interval_seconds": 900,
        }
        for row in range(READINGS)
    ]
    return json.dumps({"readings": readings}).encode()


def push(where: World, content: bytes, key: str) -> int:
    """Push once over a connection that this thread keeps open; returns the HTTP status."""
    if not hasattr(_sessions, "session"):
        _sessions.session = requests.Session()
    headers = {
        "Authorization": f"Bearer {where.key}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    answer = _sessions.session.post(f"{where.url}/meter-data", data=content, headers=headers, timeout=120)
    return answer.status_code


def measure(where: World, seconds: int) -> Report:
    """Warm the server up, then push on the beat for some seconds."""
    count = seconds * PUSHES_PER_S
    bodies = [body(number) for number in range(WARM_UP + count)]
    for number in range(WARM_UP):
        push(where, bodies.pop(), f"warm-{number}")
    load_before = os.getloadavg()[0]
    cpu_before = cpu_seconds(where.server_pid), cpu_seconds(where.postgres_pid)
    started = time.perf_counter()

    def on_beat(number: int) -> tuple[int, float]:
        beat = started + number / PUSHES_PER_S
        status = push(where, bodies[number], f"beat-{number}")
        return status, time.perf_counter() - beat

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures = []
        for number in range(count):
            time.sleep(max(0.0, started + number / PUSHES_PER_S - time.perf_counter()))
            futures.append(pool.submit(on_beat, number))
        answers = [future.result() for future in futures]
    lasted_s = time.perf_counter() - started
    waits = sorted(wait for _, wait in answers)
    percentiles = quantiles(waits, n=100, method="inclusive")
    return Report(
        pushes=count,
        pushes_per_s=round(count / lasted_s, 1),
        readings_per_push=READINGS,
        wait_p50_s=round(percentiles[49], 3),
        wait_p90_s=round(percentiles[89], 3),
        wait_p99_s=round(percentiles[98], 3),
        wait_max_s=round(waits[-1], 3),
        server_cpu_s=round((cpu_seconds(where.server_pid) - cpu_before[0]) / count, 4),
        postgres_cpu_s=round((cpu_seconds(where.postgres_pid) - cpu_before[1]) / count, 4),
        statuses=dict(Counter(status for status, _ in answers)),
        cores=os.cpu_count() or 1,
        load_before=round(load_before, 1),
    )


def main() -> int:
    """Print what was measured; the exit code is 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"push for {QUICK_SECONDS} s instead of {SECONDS} s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    with world() as where:
        report = measure(where, QUICK_SECONDS if chosen.quick else SECONDS)
    figures = asdict(report) | {"target_p50_s": TARGET_P50_S, "target_p99_s": TARGET_P99_S, "met": report.is_on_target}
    if chosen.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.writelines(f"{name:<18} {value}\n" for name, value in figures.items())
    return 0 if report.is_on_target else 1


if __name__ == "__main__":
    sys.exit(main())
