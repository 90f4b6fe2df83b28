"""Measure the whole path against what PostgreSQL itself needs: `python -m benchmarks [--quick]`.

Every figure is a median over the rounds of one run on one machine. The results go to `benchmarks/results/`.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import http_push
from benchmarks.readings import Shape
from benchmarks.rounds import Files, one_round
from benchmarks.targets import TARGETS, Target
from benchmarks.warehouse import bench
from benchmarks.world import world

ROWS, QUICK_ROWS = 1_000_000, 100_000
ROUNDS = 3
NOT_MEASURED = "the peers are not installed (`make bench-peers`)"
ELSEWHERE = "many sites; scale and history: `python -m benchmarks.sites`; `python -m benchmarks.scale` (--help)"
RESULTS = Path(__file__).parent / "results"


def figures_of(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Each figure of the targets that the rounds tell, by its name there."""

    def over(value: Callable[[dict[str, Any]], float]) -> float:
        return round(median(value(one) for one in rounds), 4)

    def path(one: dict[str, Any], name: str, step: str = "first.whole", kind: str = "cpu_s") -> float:
        return one[name][step][kind]

    return {
        "whole path, Parquet: CPU / floor B": over(lambda r: path(r, "parquet") / r["floor_b"]["cpu_s"]),
        "whole path, Parquet: wall / floor B": over(
            lambda r: path(r, "parquet", kind="wall_s") / r["floor_b"]["wall_s"]
        ),
        "whole path, CSV: CPU / floor B": over(lambda r: path(r, "csv") / r["floor_b"]["cpu_s"]),
        "whole path, NDJSON: CPU / floor B": over(lambda r: path(r, "ndjson") / r["floor_b"]["cpu_s"]),
        "stage, Parquet: CPU / floor A": over(lambda r: path(r, "parquet", "first.stage") / r["floor_a"]["cpu_s"]),
        "judge, Parquet: CPU / floor B": over(lambda r: path(r, "parquet", "first.judge") / r["floor_b"]["cpu_s"]),
        "the same file again: CPU / floor B": over(lambda r: path(r, "parquet", "again") / r["floor_b"]["cpu_s"]),
        "forced replay: changed rows": over(lambda r: r["parquet"]["replay_changed"]["changed_readings"]),
        "forced replay: WAL": over(lambda r: r["parquet"]["replay_changed"]["wal_mb"]),
        "peak memory of any process": max(one[name]["peak_mib"] for one in rounds for name in ("parquet", "csv")),
        "400 rows, land to published: CPU": over(lambda r: path(r, "parquet", "small")),
        **_against_peers(rounds),
    }


def _against_peers(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Our whole path from Parquet, which ends in published sums, over what the peers took; nothing without them."""
    if not all("peers" in one for one in rounds):
        return {}

    def over(peer: str, kind: str) -> float:
        return round(median(one["parquet"]["first.whole"][kind] / one["peers"][peer][kind] for one in rounds), 4)

    return {
        "whole path / dlt default, load only: wall": over("dlt", "wall_s"),
        "whole path / dlt Arrow, load only: wall": over("dlt_arrow", "wall_s"),
        "whole path / naive stack: CPU": over("naive", "cpu_s"),
    }


def tabulated(figures: dict[str, float]) -> list[str]:
    """Lines of a table: the figure, what it was, what it must reach and what we aim at."""
    return [f"{'figure':<44} {'measured':>10} {'must reach':>11} {'aim':>6}", *(_line(t, figures) for t in TARGETS)]


def _line(target: Target, figures: dict[str, float]) -> str:
    name = f"{target.figure}, {target.unit}" if target.unit else target.figure
    most, aim = ("" if number is None else f"{number:g}" for number in (target.most, target.aim))
    measured = figures.get(target.figure)
    if measured is None:
        return f"{name:<44} {'-':>10} {most:>11} {aim:>6}  not measured: {NOT_MEASURED}"
    is_missed = target.most is not None and measured > target.most
    return f"{name:<44} {measured:>10.3g} {most:>11} {aim:>6}{'  missed' if is_missed else ''}".rstrip()


def main() -> int:
    """Measure, keep and print; the exit code tells whether it ran, the table whether targets were reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows once, instead of {ROWS} three times")
    chosen = parser.parse_args()
    shape, count = (Shape(QUICK_ROWS), 1) if chosen.quick else (Shape(ROWS), ROUNDS)
    rounds = []
    with bench() as made:
        sys.stderr.write(f"writing {shape.rows} readings of {shape.meters} meters\n")
        files = Files.made(shape, made.folder)
        for number in range(1, count + 1):
            sys.stderr.write(f"round {number} of {count}\n")
            rounds.append(one_round(made, files))
    sys.stderr.write("pushing over HTTP\n")
    with world() as where:
        pushed = http_push.measure(where, http_push.QUICK_SECONDS if chosen.quick else http_push.SECONDS)
    figures = figures_of(rounds) | {
        "push of 96 readings, p50 at 20 per second": pushed.wait_p50_s,
        "push of 96 readings, p99 at 20 per second": pushed.wait_p99_s,
    }
    now = datetime.now(UTC)
    about = {
        "measured_at": now.isoformat(timespec="seconds"),
        "rows": shape.rows,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{now:%Y-%m-%d}.json"
    kept.write_text(json.dumps(about | {"figures": figures, "rounds": rounds}, indent=1) + "\n")
    sys.stdout.write("\n".join([*tabulated(figures), "", f"kept in {kept}", ELSEWHERE]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
