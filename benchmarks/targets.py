"""What must be reached: every figure is a ratio or a size taken in the same run on the same machine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, the most it may be (None where it is told for comparison only), and what we aim at."""

    figure: str
    most: float | None
    aim: float | None = None
    unit: str = ""


TARGETS = (
    Target("whole path, Parquet: CPU / floor B", 2.4, 1.6),
    Target("whole path, Parquet: wall / floor B", 1.8, 1.3),
    Target("whole path, CSV: CPU / floor B", 2.8, 1.9),
    Target("whole path, NDJSON: CPU / floor B", 3.4, 2.4),
    Target("stage, Parquet: CPU / floor A", 0.9, 0.75),
    Target("judge, Parquet: CPU / floor B", 0.35, 0.15),
    Target("whole path / dlt default, load only: wall", 0.9, 0.6),
    Target("whole path / dlt Arrow, load only: wall", None),
    Target("whole path / naive stack: CPU", 0.35, 0.2),
    Target("the same file again: CPU / floor B", 0.02),
    Target("forced replay: changed rows", 0),
    Target("forced replay: WAL", 20, unit="MB"),
    Target("peak memory of any process", 400, 300, "MiB"),
    Target("400 rows, land to published: CPU", 2.5, 1.2, "s"),
    Target("push of 96 readings, p50 at 20 per second", 0.5, 0.15, "s"),
    Target("push of 96 readings, p99 at 20 per second", 2.0, 0.5, "s"),
)
