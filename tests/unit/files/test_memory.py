"""Memory does not grow with the file (A15): a million rows in a child process."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

ROWS, CHUNK = 1_000_000, 100_000
MOST_MIB = 330

CHILD = """
import re, sys
from pathlib import Path
from include.core.records import FileHints
from include.sources.files import read
path = Path(sys.argv[1])
rows = sum(batch.num_rows for batch in read(path, path.name, FileHints(time_zone="Europe/Berlin")))
# of this program alone; ru_maxrss would count what the parent held before the exec
print(rows, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def written(path):
    """A million rows of eight columns, ten devices after one another, wall clock without offset."""
    start = pa.scalar(1_704_067_200_000_000, pa.int64())
    sink = None
    with path.open("wb") as file:
        for device in range(ROWS // CHUNK):
            step = pa.arange(0, CHUNK)
            at = pa.compute.add(pa.compute.multiply(step, 900_000_000), start).cast(pa.timestamp("us"))
            table = pa.table(
                {
                    "site_id": ["SITE"] * CHUNK,
                    "device_id": [f"INV-{device}"] * CHUNK,
                    "timestamp": at,
                    "energy_wh": pa.compute.divide(step.cast(pa.float64()), 7),
                    "power_w": pa.compute.divide(step.cast(pa.float64()), 3),
                    "irradiance": step,
                    "temperature": pa.compute.sin(step),
                    "quality": ["measured"] * CHUNK,
                }
            )
            if path.suffix == ".csv":
                csv.write_csv(table, file, csv.WriteOptions(include_header=device == 0))
                continue
            sink = sink or pq.ParquetWriter(file, table.schema)
            sink.write_table(table)
        if sink:
            sink.close()
    return path


@pytest.mark.parametrize("name", ["million.csv", "million.parquet"])
def test_a_million_rows_stay_small(tmp_path, name):
    path = written(tmp_path / name)
    done = subprocess.run([sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=True)
    rows, peak_mib = map(int, done.stdout.split())
    assert rows == ROWS
    assert peak_mib < MOST_MIB
