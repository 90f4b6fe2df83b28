"""Staged rows leave the database, and copies of delivered files leave the lake, when they have served.

The landed originals stay for ever, so any load can be staged and judged again.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from include.core import settings
from include.lake.store import Lake
from include.warehouse import audit, expiry
from include.warehouse.database import connect

ZONES = ("validated", "quarantine")
ACTOR = "retention"


def drop_raw() -> list[str]:
    """Drop load days of raw tables that are old enough and that no load needs; returns their names."""
    dropped = []
    with connect() as connection:
        day = raw_before()
        for partition in expiry.raw_partitions_before(connection, day):
            feed, staged_on = partition["feed"], partition["staged_on"]
            if expiry.drop_raw_partition(connection, feed, staged_on):
                dropped.append(f"{feed} {staged_on}")
        if dropped:
            details = {"load_days": dropped}
            audit.record(connection, actor=ACTOR, action="drop staged rows", subject="raw", details=details)
    return dropped


def raw_before():
    """The day before which load days have served."""
    return (datetime.now(UTC) - timedelta(days=settings.retention_days("raw"))).date()


def copies_before(zone: str) -> datetime:
    """The instant before which a verdict's copy has served."""
    return datetime.now(UTC) - timedelta(days=settings.retention_days(zone))


def expire_copies(zone: str) -> int:
    """Take away copies of a zone that are old enough, published, and of settled periods; returns how many.

    A copy goes before the books say so: what a kill leaves in between is done again.
    """
    lake, cutoff, gone = Lake(), copies_before(zone), 0
    while True:
        with connect() as connection:
            expired = expiry.expired_copies(connection, zone, cutoff)
        if not expired:
            return gone
        by_organization: dict[int, list[int]] = defaultdict(list)
        for copy in expired:
            lake.remove_copy(copy["disposition_key"])
            by_organization[copy["organization_id"]].append(copy["load_id"])
        with connect() as connection:
            expiry.note_expired(connection, [copy["load_id"] for copy in expired])
            for organization_id, load_ids in sorted(by_organization.items()):
                audit.record(
                    connection,
                    actor=ACTOR,
                    action="expire copies",
                    subject=zone,
                    organization_id=organization_id,
                    details={"load_ids": load_ids},
                )
        gone += len(expired)
