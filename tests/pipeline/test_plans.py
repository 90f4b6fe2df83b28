"""What a load asks of the database, by the database's own count: few statements, and only months that it touches."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from tests.pipeline.files import csv

LOOKED_AT = """
    select
        c.relname as month,
        pg_stat_get_numscans(c.oid)
        + coalesce((select sum(pg_stat_get_numscans(i.indexrelid)) from pg_index as i where i.indrelid = c.oid), 0)
        as scans
    from pg_partition_tree('canonical.meter_reading') as t
    inner join pg_class as c on t.relid = c.oid
    where t.isleaf
"""


def scans(warehouse) -> dict[str, int]:
    """How often each month of readings was scanned or looked up in."""
    warehouse.execute("select pg_stat_clear_snapshot()")
    return {row["month"]: int(row["scans"]) for row in warehouse.execute(LOOKED_AT)}


def test_a_publication_reads_only_the_months_that_it_touches(ingest, warehouse):
    from include.pipeline.publish import publish

    for month in (3, 4):
        ingest(csv(range(96), datetime(2026, month, 10, tzinfo=UTC)), f"{month}.csv")
    publish()
    ingest(csv(range(96), datetime(2026, 6, 10, tzinfo=UTC)), "6.csv")
    before = scans(warehouse)
    publish()
    # a backend tells its counts as it ends, which may be a moment later
    give_up_at = time.monotonic() + 30
    while (after := scans(warehouse))["meter_reading_2026_06"] == before.get("meter_reading_2026_06", 0):
        assert time.monotonic() < give_up_at, "June was never read"
        time.sleep(0.1)
    read = {month for month in after if after[month] > before.get(month, 0)}
    assert read <= {"meter_reading_2026_06", "meter_reading_default"}


@pytest.fixture
def counted(cluster) -> Iterator[object]:
    """Counts the statements that the server runs within a block: `with counted() as sent:` fills `sent`."""
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:

        def log_statements(duration_ms: int) -> None:
            connection.execute(f"alter system set log_min_duration_statement = {duration_ms}")
            connection.execute("select pg_reload_conf()")
            time.sleep(0.2)  # backends read it as they come to their next statement

        @contextmanager
        def block() -> Iterator[list[int]]:
            sent: list[int] = []
            start = cluster.log.stat().st_size
            yield sent
            with cluster.log.open("rb") as lines:
                lines.seek(start)
                sent.append(sum(b"  duration: " in line for line in lines))

        log_statements(0)
        yield block
        log_statements(-1)


def test_the_number_of_statements_does_not_grow_with_the_load(ingest, warehouse, counted):
    from include.pipeline.publish import publish

    def statements(days: int, name: str) -> tuple[int, int]:
        with counted() as judged:
            load = ingest(csv(range(1, 96 * days + 1), datetime(2026, 3, 1, tzinfo=UTC)), name)
        assert load["rows_clean"] == 96 * days
        with counted() as published:
            publish()
        return judged[0], published[0]

    statements(1, "first.csv")  # makes partitions, imports, parses
    few, many = statements(2, "few.csv"), statements(28, "many.csv")
    # fourteen times the rows: from a thousand on, raw and judged rows are analysed, and so are tables that have grown
    assert 0 < many[0] <= few[0] + 18
    assert 0 < many[1] <= few[1] + 12


def test_a_view_that_was_dropped_comes_back_and_the_others_are_left_alone(ingest, warehouse):
    from include.pipeline.publish import publish

    views = "select relname, oid::bigint from pg_class where relkind = 'v' and relnamespace = 'marts'::regnamespace"
    oids = []
    for day in (1, 2, 3):
        ingest(csv(range(1, 5), datetime(2026, 3, day, tzinfo=UTC)), f"{day}.csv")
        publish()
        oids.append({row["relname"]: row["oid"] for row in warehouse.execute(views)})
        if day == 2:
            warehouse.execute("drop view marts.rpt_rejections")
    assert oids[0] == oids[1]
    assert oids[1].keys() == oids[2].keys()
    assert {name for name in oids[2] if oids[2][name] != oids[1][name]} == {"rpt_rejections"}


def test_rows_of_a_load_are_found_by_a_summary_as_soon_as_many_are_staged(ingest, warehouse):
    # more than the 128 pages of the first range, which is kept up to date from the start
    ingest(csv(range(1, 96 * 110 + 1), datetime(2026, 3, 1, tzinfo=UTC)), "many.csv")
    size = "select sum(pg_relation_size(relid)) / 8192 as pages from pg_partition_tree('raw.file_reading') where isleaf"
    assert warehouse.execute(size).fetchone()["pages"] > 128
    left_out = """
        select sum(brin_summarize_new_values(i.indexrelid)) as ranges
        from pg_index as i
        inner join pg_class as c on i.indexrelid = c.oid
        where i.indrelid in (select relid from pg_partition_tree('raw.file_reading') where isleaf)
            and c.relname like '%load_id%'
    """
    assert warehouse.execute(left_out).fetchone()["ranges"] == 0
