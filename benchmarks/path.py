"""Our path over files, one after the other: `python -m benchmarks.path FILES [--after FILES]`, prints JSON.

The process first carries a file of 400 rows from another device through the whole path, so that libraries are
imported and dbt has parsed the project, as in a worker that has been running for a while.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.meter import Reading, metered

ORGANIZATION = 1
SMALL_ROWS = 400
TIMES_AGAIN = 20  # once is no longer than two ticks of the clock that tells CPU seconds


def small_file(folder: Path, number: int) -> Path:
    """A file of 400 quarter hours of the spare device."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=300 + 5 * number)
    lines = ["site_id,device_id,timestamp,interval_seconds,energy_wh,quality"]
    lines += [
        f"P1,SPARE,{(first + timedelta(minutes=15) * row).isoformat()},900,{row % 50}.5,measured"
        for row in range(SMALL_ROWS)
    ]
    path = folder / f"small-{number}.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def walk(path: Path, postgres_pid: int) -> dict[str, Reading]:
    """Land, stage, judge and publish one file; returns what each step and the whole took."""
    from include.pipeline.judge import judge
    from include.pipeline.publish import publish
    from include.pipeline.stage import stage

    steps: dict[str, Reading] = {}
    with metered(postgres_pid) as steps["whole"]:
        with metered(postgres_pid) as steps["land"]:
            load = _landed(path)
        with metered(postgres_pid) as steps["stage"]:
            load = stage(load["load_id"])
        if load["status"] != "staged":
            raise RuntimeError(f"{path.name} is {load['status']}: {load['code']}, {load['message']}")
        with metered(postgres_pid) as steps["judge"]:
            judge(load["load_id"])
        with metered(postgres_pid) as steps["publish"]:
            publish()
    return steps


def walk_all(paths: list[Path], postgres_pid: int) -> dict[str, Reading]:
    """Walk files one after the other; returns what each step and the whole took for all of them."""
    steps: dict[str, Reading] = {}
    for path in paths:
        for name, reading in walk(path, postgres_pid).items():
            steps.setdefault(name, Reading()).add(reading)
    return steps


def _landed(path: Path) -> dict[str, Any]:
    from include.pipeline.land import land_file

    return land_file(path, name=path.name, organization_id=ORGANIZATION, source_system="snowflake")


def again(path: Path, postgres_pid: int) -> Reading:
    """Bring a file that is known many times; returns what one time took."""
    with metered(postgres_pid) as reading:
        statuses = {_landed(path)["status"] for _ in range(TIMES_AGAIN)}
    if statuses != {"duplicate"}:
        raise RuntimeError(f"{path.name} is not known: {statuses}")
    return Reading(*(seconds / TIMES_AGAIN for seconds in astuple(reading)))


def replay(load_id: int, postgres_pid: int, superuser_url: str) -> tuple[Reading, dict[str, Any]]:
    """Force a load through again; returns what it took, the rows it changed and the MB of WAL it wrote."""
    from include.pipeline.process import replay as stage_and_judge_again
    from include.pipeline.publish import publish

    with psycopg.connect(superuser_url, autocommit=True) as connection:
        before = _written(connection)
        with metered(postgres_pid) as reading:
            stage_and_judge_again(load_id, actor="bench", reason="forced replay")
            publish()
        after = _written(connection)
    return reading, {name: after[name] - before[name] for name in before}


def settle(superuser_url: str) -> None:
    """Let the server finish now what it leaves for later: vacuum, statistics, dirty pages.

    After a large load autovacuum comes within a minute, which may be in the middle of what is measured.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")
        connection.execute("checkpoint")


def _written(connection: psycopg.Connection) -> dict[str, float]:
    connection.execute("select pg_stat_force_next_flush()")
    position = connection.execute("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') / 1e6").fetchone()[0]
    changed = connection.execute(
        "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables "
        "where schemaname = 'canonical' and relname like 'meter_reading%'"
    ).fetchone()[0]
    return {"wal_mb": float(position), "changed_readings": int(changed)}


def main() -> int:
    """Warm up, walk the files, walk the last again, replay it, and walk small files; print what each took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--more", action="store_true", help="walk it again, replay it, and walk a small file")
    parser.add_argument("--after", type=Path, nargs="*", help="files that are stored, and vacuumed, before, unmeasured")
    chosen = parser.parse_args()
    path = chosen.files[-1]
    postgres_pid, superuser_url = int(os.environ["BENCH_POSTGRES_PID"]), os.environ["BENCH_SUPERUSER_URL"]
    walk(small_file(path.parent, 0), postgres_pid)
    if chosen.after is not None:
        for earlier in chosen.after:
            walk(earlier, postgres_pid)
        settle(superuser_url)
    figures: dict[str, Any] = {f"first.{name}": asdict(r) for name, r in walk_all(chosen.files, postgres_pid).items()}
    if chosen.more:
        figures["again"] = asdict(again(path, postgres_pid))
        figures["small"] = asdict(walk(small_file(path.parent, 1), postgres_pid)["whole"])
        replayed, changed = replay(2, postgres_pid, superuser_url)
        figures |= {"replay": asdict(replayed), "replay_changed": changed}
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        figures["load"] = connection.execute(
            "select jsonb_build_object('rows_in', sum(rows_in), 'clean', sum(rows_clean), "
            "'rejected', sum(rows_rejected), 'duplicate', sum(rows_duplicate), "
            "'status', string_agg(distinct status, ', ')) from ops.ingestion_log "
            "where original_name = any(%s) and duplicate_of is null",
            [[file.name for file in chosen.files]],
        ).fetchone()[0]
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
