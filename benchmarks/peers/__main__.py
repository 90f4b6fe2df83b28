"""The peers over one Parquet file: `python -m benchmarks.peers FILE SMALL`, which prints JSON.

Runs in the peers' own environment. Each peer first carries the small file through, as our path does, so that
libraries are imported, schemas exist, dbt has parsed its project and the measured load meets a table that is there.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.meter import Reading, metered
from benchmarks.peers import loads, naive


def main() -> int:
    """Print what each peer takes, in seconds, and what it kept."""
    content, small = Path(sys.argv[1]), Path(sys.argv[2])
    url, postgres_pid = os.environ["BENCH_SUPERUSER_URL"], int(os.environ["BENCH_POSTGRES_PID"])
    steps: dict[str, Reading] = {}
    loads.arrow(small, url, "arrow")
    with metered(postgres_pid) as steps["dlt_arrow"]:
        loads.arrow(content, url, "arrow")
    naive.walk(small, url, postgres_pid)
    walked, kept = naive.walk(content, url, postgres_pid)
    figures = {name: asdict(reading) for name, reading in (steps | walked).items()}
    sys.stdout.write(json.dumps(figures | {"kept": kept}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
