"""What a publication reads, by the database's own count: the months that it touches, and no others."""

import time
from datetime import UTC, datetime

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
