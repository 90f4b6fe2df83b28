"""The oracle for "same result": a hash of what consumers see, without surrogate ids and load times."""

import hashlib

READINGS = """
select organization_id, meter_id, source_system, "timestamp", reading_interval_seconds, energy_wh, power_w, quality
from canonical.meter_reading order by 1, 2, 3, 4, 5
"""
AGGREGATES = """
select organization_id, meter_id, period_type, period_start, energy_wh, reading_count, data_completeness_percent
from canonical.meter_aggregate order by 1, 2, 3, 4
"""


def state(warehouse) -> str:
    """SHA-256 over the canonical rows in order."""
    digest = hashlib.sha256()
    for query in (READINGS, AGGREGATES):
        for row in warehouse.execute(query):
            digest.update(repr(tuple(row.values())).encode())
    return digest.hexdigest()


def count(warehouse, table: str, where: str = "true") -> int:
    """Rows of a table."""
    return warehouse.execute(f"select count(*) as n from {table} where {where}").fetchone()["n"]
