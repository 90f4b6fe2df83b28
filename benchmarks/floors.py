"""What PostgreSQL itself needs for the same rows: `python -m benchmarks.floors FILE`, which prints JSON.

Two floors, each a `COPY` that the server reads from the file.

Floor A goes into an unlogged heap with types and nothing else. Floor B goes into a logged table with a partition a
month and a unique key, as `canonical.meter_reading` has; rows that repeat a key are left out of its file before.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from benchmarks.meter import Reading, metered
from benchmarks.readings import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

TYPES = ("text", "text", "timestamptz", "integer", *["numeric(20, 6)"] * 4, "text")
KEY = ("site_id", "device_id", "timestamp", "interval_seconds")


def without_repeats(content: "pa.Table") -> "pa.Table":
    """The rows of a table, the first of each key."""
    import pyarrow as pa

    frame = content.to_pandas()
    return pa.Table.from_pandas(frame.drop_duplicates(list(KEY)), schema=content.schema, preserve_index=False)


def floor_a(url: str, postgres_pid: int, csv: Path) -> Reading:
    """Copy into an unlogged heap."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists floor_a")
        connection.execute(_table("floor_a", "unlogged", ""))
        return _copy(connection, postgres_pid, "floor_a", csv)


def floor_b(url: str, postgres_pid: int, csv: Path) -> Reading:
    """Copy into a logged table with a partition a month and a unique key."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists floor_b")
        key = sql.SQL(", primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, KEY)))
        connection.execute(_table("floor_b", "", key, "partition by range (timestamp)"))
        connection.execute(
            """
            do $$
            declare month_start date;
            begin
                for month_start in select generate_series(
                    date_trunc('month', now() - interval '11 years'), now() + interval '6 months', interval '1 month'
                )
                loop
                    execute format(
                        'create table %I partition of floor_b for values from (%L) to (%L)',
                        'floor_b_' || to_char(month_start, 'YYYY_MM'), month_start,
                        (month_start + interval '1 month')::date
                    );
                end loop;
            end
            $$
            """
        )
        return _copy(connection, postgres_pid, "floor_b", csv)


def _table(name: str, kind: str, key: sql.Composable | str, ending: str = "") -> sql.Composed:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(of_type))
        for column, of_type in zip(COLUMNS, TYPES, strict=True)
    ]
    return sql.SQL("create {} table {} ({}{}) {}").format(
        sql.SQL(kind),
        sql.Identifier(name),
        sql.SQL(", ").join(columns),
        key if isinstance(key, sql.Composable) else sql.SQL(key),
        sql.SQL(ending),
    )


def _copy(connection: psycopg.Connection, postgres_pid: int, table: str, csv: Path) -> Reading:
    connection.execute("checkpoint")
    with metered(postgres_pid) as reading:
        connection.execute(
            sql.SQL("copy {} from {} with (format csv, header true)").format(
                sql.Identifier(table), sql.Literal(str(csv))
            )
        )
    return reading


def main() -> int:
    """Print what both floors take, each once."""
    url, pid, csv = os.environ["BENCH_SUPERUSER_URL"], int(os.environ["BENCH_POSTGRES_PID"]), Path(sys.argv[1])
    figures = {"floor_a": asdict(floor_a(url, pid, csv)), "floor_b": asdict(floor_b(url, pid, csv))}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
