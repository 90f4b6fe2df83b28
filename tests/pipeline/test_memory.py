"""Staging a large file needs no more memory than staging a small one."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_MIB = 400


def staged_peak_mib(load_id: int, tmp_path: Path) -> int:
    """Peak resident memory of a process that stages one load, MiB."""
    report = tmp_path / f"peak-{load_id}"
    code = (
        f"from include.pipeline.stage import stage; from pathlib import Path; stage({load_id}); "
        f"Path({str(report)!r}).write_text(Path('/proc/self/status').read_text())"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=300, check=True)
    return int(re.search(r"VmHWM:\s+(\d+)", report.read_text())[1]) // 1024


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_memory_of_staging_does_not_grow_with_the_file(organization, warehouse, tmp_path, suffix):
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    from include.pipeline.land import land_file

    peaks = []
    for rows in (100_000, 1_000_000):
        first = datetime(2020, 1, 1, tzinfo=UTC)
        times = pa.array(
            [first + timedelta(minutes=15) * number for number in range(100_000)], pa.timestamp("us", "UTC")
        )
        path = tmp_path / f"{rows}.{suffix}"
        tables = [
            pa.table({"timestamp": times, "site_id": [f"S{part}"] * len(times), "energy_wh": [1.5 + part] * len(times)})
            for part in range(rows // 100_000)
        ]
        write = pa.csv.write_csv if suffix == "csv" else pa.parquet.write_table
        write(pa.concat_tables(tables), path)
        load = land_file(path, name=path.name, organization_id=organization, source_system="manual")
        peaks.append(staged_peak_mib(load["load_id"], tmp_path))
    assert max(peaks) < MOST_MIB
    assert peaks[1] / peaks[0] < 1.35
