"""Reads every site that is due, as the tasks of the vendor's Dag do: `python -m benchmarks.fleet`, which prints JSON.

Sites are landed by two worker processes, one site a task; then one process stages and judges, and publishes. Workers
are warm, where Airflow starts a process for each task: what that costs is Airflow's and not in these figures.
"""

import json
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.meter import Reading, largest_mib, metered

SOURCE, WORKERS, POINTS = "solaredge", 2, 5


def main() -> int:
    """Land, judge and publish; print what each step took, the memory at several points, and the books."""
    from include.pipeline import feeds, process, publish, turns
    from include.warehouse.database import connect

    postgres_pid = int(os.environ["BENCH_POSTGRES_PID"])
    references = turns.due_sites(SOURCE)
    steps: dict[str, Reading] = {}
    memory: list[dict[str, Any]] = []

    def sample(at: str) -> None:
        ours, servers = largest_mib(os.getpid()), largest_mib(postgres_pid)
        memory.append({"at": at, "ours_mib": round(ours, 1), "postgres_mib": round(servers, 1)})

    with metered(postgres_pid) as steps["whole"]:
        with metered(postgres_pid) as steps["land"]:
            load_ids = _landed(references, sample)
        with metered(postgres_pid) as steps["judge"]:
            broken = process.process_able(feeds=[feeds.feed_of(SOURCE)])
        sample("judged")
        with metered(postgres_pid) as steps["publish"]:
            publish.publish()
        sample("published")
    with connect() as connection:
        rows = connection.execute("select status, rows_in, rows_clean from ops.ingestion_log").fetchall()
    books = {
        "sites": len(references),
        "loads": len(load_ids),
        "broken": len(broken),
        "statuses": Counter(row["status"] for row in rows),
        "rows_in": sum(row["rows_in"] or 0 for row in rows),
        "rows_clean": sum(row["rows_clean"] or 0 for row in rows),
    }
    figures = {name: reading.rounded() for name, reading in steps.items()}
    sys.stdout.write(json.dumps({"steps": figures, "memory": memory, **books}) + "\n")
    return 0


def _landed(references: list[dict[str, Any]], sample) -> list[int]:
    """Land each site in one of the workers; the memory is sampled at equal distances."""
    from include.pipeline import turns

    load_ids: list[int] = []
    every = max(len(references) // POINTS, 1)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for done, landed in enumerate(pool.map(turns.land_reference, references), start=1):
            load_ids += landed
            if done % every == 0:
                sample(f"{done} sites landed")
    return load_ids


if __name__ == "__main__":
    sys.exit(main())
