"""How cost and memory grow with the batch and with what is stored: `python -m benchmarks.scale [--rows N ...]`.

Batches:  each number of rows through the whole path into an empty warehouse, from Parquet; the exponent of CPU seconds
          over rows, which is 1 where twice the rows cost twice as much; the growth of the largest process.
History:  `--history 10000000` first fills a warehouse through the same path, a million rows at a time, and then
          compares a batch of 100,000 newer rows with the same batch into an empty warehouse. Both begin vacuumed,
          so that neither is billed for what autovacuum does for the readings before it.
Shape:    `--meters`, `--interval-minutes` and `--days` measure one batch of another shape instead, such as one meter
          over ten years, in as many files as it takes, one after the other.

`--slow-ms` prints the statements that took longer, with their times.

Ten million rows want about 6 GB of memory to be written and take some minutes; nothing else here does.
"""

import argparse
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.readings import INTERVAL_S, METERS, Shape, table, write
from benchmarks.rounds import run
from benchmarks.warehouse import Bench, bench

ROWS = (100_000, 316_228, 1_000_000)
BATCH_ROWS, PART_ROWS = 100_000, 1_000_000
FILE_ROWS = 10_000_000  # more are refused
STEPS = ("land", "stage", "judge", "publish", "whole")


def exponent(costs: dict[int, float]) -> float:
    """The slope of cost over size, both in logarithms, by least squares."""
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items()]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)


def growth_percent(peaks_mib: dict[int, float]) -> float:
    """How much more the largest batch needs than the smallest."""
    return 100 * (peaks_mib[max(peaks_mib)] / peaks_mib[min(peaks_mib)] - 1)


def parts(whole: Shape, most_rows: int = FILE_ROWS) -> list[Shape]:
    """The shapes of the files that a batch comes in, the oldest first: whole days, at most so many rows each."""
    rows_a_day = whole.meters * 86_400 // whole.interval_s
    days, days_a_file = math.ceil(whole.rows / rows_a_day), max(most_rows // rows_a_day, 1)
    newest_first = [
        replace(
            whole,
            rows=min(days_a_file, days - ended) * rows_a_day,
            ended_days_ago=whole.ended_days_ago + ended,
        )
        for ended in range(0, days, days_a_file)
    ]
    return newest_first[::-1]


def walked(made: Bench, *shapes: Shape, after: tuple[Path, ...] = ()) -> dict[str, Any]:
    """One batch, of a file or several, through the whole path, into a warehouse that holds some files already."""
    paths = [
        write(table(shape), made.folder / f"batch-{number}-{shape.rows}.parquet") for number, shape in enumerate(shapes)
    ]
    with made.fresh() as environment:
        arguments = [*map(str, paths), "--after", *map(str, after)]
        figures, peaks_mib = run("benchmarks.path", arguments, environment)
    for path in paths:
        path.unlink()
    return {
        "rows": sum(shape.rows for shape in shapes),
        "books": figures["load"],
        "steps": {step: figures[f"first.{step}"] for step in STEPS},
        "peaks_mib": peaks_mib,
    }


def batches(made: Bench, sizes: list[int]) -> dict[str, Any]:
    """Each size once, and what they say together."""
    each = {size: walked(made, Shape(size)) for size in sorted(sizes)}
    figures: dict[str, Any] = {"batches": list(each.values())}
    if len(each) > 1:
        figures["exponent_of_cpu"] = exponent({n: one["steps"]["whole"]["cpu_s"] for n, one in each.items()})
        for whose in ("ours", "postgres"):
            figures[f"growth_{whose}_percent"] = growth_percent({n: e["peaks_mib"][whose] for n, e in each.items()})
    return figures


def with_history(made: Bench, rows: int) -> dict[str, Any]:
    """A batch into an empty warehouse, and one into a warehouse that holds `rows` older readings."""
    batch = Shape(BATCH_ROWS)
    days = math.ceil(batch.slots * INTERVAL_S / 86_400) + batch.ended_days_ago
    files, left = [], rows
    while left > 0:
        part = Shape(min(left, PART_ROWS), ended_days_ago=days)
        files.append(write(table(part), made.folder / f"history-{len(files)}.parquet"))
        days += math.ceil(part.slots * INTERVAL_S / 86_400)
        left -= part.rows
    empty, full = walked(made, batch), walked(made, batch, after=tuple(files))
    ratio = full["steps"]["whole"]["cpu_s"] / empty["steps"]["whole"]["cpu_s"]
    return {"history": rows, "batches": [empty, full], "history_over_empty_cpu": ratio}


def slow_statements(log: str, most: int = 12) -> list[str]:
    """The slowest statements of a server's log, milliseconds first."""
    found = re.findall(r"duration: ([\d.]+) ms  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)", log)
    slowest = sorted(((float(ms), " ".join(text.split())) for ms, text in found), reverse=True)[:most]
    return [f"{ms:8.0f} ms  {text[:400]}" for ms, text in slowest]


def tabulated(figures: dict[str, Any]) -> list[str]:
    """A line for each batch and one for each figure over them."""
    lines = [
        f"{'rows':>10}" + "".join(f"{step:>10}" for step in STEPS) + "   CPU s; then wall s, MiB ours, PostgreSQL's"
    ]
    for one in figures["batches"]:
        cells = "".join(f"{one['steps'][step]['cpu_s']:>10.2f}" for step in STEPS)
        peaks = one["peaks_mib"]
        wall_s = one["steps"]["whole"]["wall_s"]
        lines.append(
            f"{one['rows']:>10}{cells}   {wall_s:.1f}, {peaks['ours']:g}, {peaks['postgres']:g}  {one['books']}"
        )
    return lines + [f"{name}: {value:.3g}" for name, value in figures.items() if isinstance(value, int | float)]


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS), help="sizes of the batches")
    parser.add_argument("--history", type=int, default=0, help="readings stored before a batch of 100,000")
    parser.add_argument("--meters", type=int, default=METERS)
    parser.add_argument("--interval-minutes", type=int, default=INTERVAL_S // 60)
    parser.add_argument("--days", type=int, default=0, help="one batch of so many days, instead of `--rows`")
    parser.add_argument("--slow-ms", type=int, default=-1, help="print the statements that took longer")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    with bench(chosen.meters, {"log_min_duration_statement": str(chosen.slow_ms)}) as made:
        if chosen.history:
            figures = with_history(made, chosen.history)
        elif chosen.days:
            rows = chosen.meters * chosen.days * 24 * 60 // chosen.interval_minutes
            shape = Shape(rows, chosen.meters, chosen.interval_minutes * 60)
            figures = {"batches": [walked(made, *parts(shape))]}
        else:
            figures = batches(made, chosen.rows)
        slow = slow_statements(made.server.log.read_text()) if chosen.slow_ms >= 0 else []
    sys.stdout.write(json.dumps(figures) + "\n" if chosen.json else "\n".join([*tabulated(figures), *slow]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
