"""One round of the benchmark: the floors, our path and the peers over the same rows, each in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.floors import without_repeats
from benchmarks.meter import watched
from benchmarks.path import SMALL_ROWS
from benchmarks.peers import PYTHON as PEERS_PYTHON
from benchmarks.readings import FORMATS, Shape, table, write
from benchmarks.warehouse import Bench


@dataclass(frozen=True, slots=True)
class Files:
    """The same rows in every format, and without repeats for the floors; a few rows to warm the peers up with."""

    of_format: dict[str, Path]
    for_floors: Path
    small: Path

    @classmethod
    def made(cls, shape: Shape, folder: Path) -> "Files":
        """Write them all."""
        content = table(shape)
        floors = write(without_repeats(content), folder / "floors.csv")
        floors.chmod(0o644)  # the server reads it itself
        small = write(table(Shape(SMALL_ROWS)), folder / "small.parquet")
        return cls({name: write(content, folder / f"readings.{name}") for name in FORMATS}, floors, small)


def one_round(bench: Bench, files: Files) -> dict[str, Any]:
    """The figures of one round, seconds, rows, MB and MiB; floors first."""
    with bench.plain() as url:
        where = {"BENCH_SUPERUSER_URL": url, "BENCH_POSTGRES_PID": str(bench.postgres_pid)}
        figures: dict[str, Any] = run("benchmarks.floors", [str(files.for_floors)], where)[0]
    for name, path in files.of_format.items():
        more = ["--more"] if name == "parquet" else []
        with bench.fresh() as environment:
            figures[name], peaks_mib = run("benchmarks.path", [str(path), *more], environment)
            figures[name]["peak_mib"] = max(peaks_mib.values())
    if PEERS_PYTHON.exists():
        figures["peers"] = _peers(bench, files)
    return figures


def _peers(bench: Bench, files: Files) -> dict[str, Any]:
    with bench.plain() as url, tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        where = {
            "BENCH_SUPERUSER_URL": url,
            "BENCH_POSTGRES_PID": str(bench.postgres_pid),
            "BENCH_PEERS_FOLDER": folder,
        }
        arguments = [str(files.of_format["parquet"]), str(files.small)]
        figures, peaks_mib = run("benchmarks.peers", arguments, where, PEERS_PYTHON)
    return figures | {"peak_mib": max(peaks_mib.values())}


def run(
    module: str, arguments: list[str], environment: dict[str, str], python: Path = Path(sys.executable)
) -> tuple[dict[str, Any], dict[str, float]]:
    """What a module's process printed, and the peak memory of the largest process, `ours` and `postgres`, MiB."""
    postgres_pid = int(environment["BENCH_POSTGRES_PID"])
    process = subprocess.Popen(
        [str(python), "-m", module, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with watched(process.pid, postgres_pid) as peaks:
        printed, said = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{module} failed: {said[-2000:]}")
    peaks_mib = {"ours": round(peaks[process.pid], 1), "postgres": round(peaks[postgres_pid], 1)}
    return json.loads(printed.splitlines()[-1]), peaks_mib
