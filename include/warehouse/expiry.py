"""Staged rows and copies of delivered files that have served: what may go, and the books of what went."""

from datetime import date, datetime
from typing import Any

from psycopg.errors import LockNotAvailable

from include.warehouse.database import Connection

MOST_COPIES = 500


def raw_partitions_before(connection: Connection, day: date) -> list[dict[str, Any]]:
    """Load days of raw tables before a day: feed, staged_on, size_bytes, and how many loads still need them."""
    return connection.execute(
        """
        select p.feed, p.staged_on, p.size_bytes, raw.needed_by(p.feed, p.staged_on) as needed_by
        from raw.partitions_before(%s) as p order by p.staged_on, p.feed
        """,
        [day],
    ).fetchall()


def drop_raw_partition(connection: Connection, feed: str, day: date) -> bool:
    """Drop a load day in the running transaction; False where it is needed or being read, and stays for now."""
    try:
        with connection.transaction():
            query = "select raw.drop_partition(%s, %s) as dropped"
            return connection.execute(query, [feed, day]).fetchone()["dropped"]
    except LockNotAvailable:
        return False


# periods in which readings may still be asked for: not settled, or settled and not assessed yet
_OPEN_PERIODS = """
    open_period as materialized (
        select distinct c.organization_id, c.period_start, c.period_end
        from core.obligation_calendar as c
        left join canonical.obligation_period as p
            on c.organization_id = p.organization_id and c.contract_id = p.contract_id
            and c.obligation_code = p.obligation_code and c.period_start_on = p.period_start_on
            and c.period_end_on = p.period_end_on and p.outcome <> 'running'
        where c.settles_at > now() or p.contract_id is null
    )
"""
# of a load whose file could not be read nobody knows the time: it is of some time before it came
_EXPIRED = f"""
    with {_OPEN_PERIODS}

    select l.load_id, l.organization_id, l.disposition_key, l.size_bytes
    from ops.ingestion_log as l
    where
        l.disposition_key like %(zone)s || '/%%' and l.copy_expired_at is null and l.judged_at < %(cutoff)s
        and l.status <> 'accepted'
        and not exists (
            select from open_period as p
            where
                p.organization_id = l.organization_id
                and p.period_start <= coalesce(l.data_end_at, l.received_at)
                and p.period_end > coalesce(l.data_start_at, '-infinity')
        )
"""  # noqa: S608 -- constants


def expired_copies(connection: Connection, zone: str, cutoff: datetime) -> list[dict[str, Any]]:
    """Copies in a zone of the lake that were judged before an instant, published, and whose periods are all settled."""
    query = f"{_EXPIRED} order by l.load_id limit %(most)s"
    return connection.execute(query, {"zone": zone, "cutoff": cutoff, "most": MOST_COPIES}).fetchall()


def count_copies(connection: Connection, zone: str, cutoff: datetime) -> dict[str, Any]:
    """How many copies of a zone may go and how many bytes they have, and how many are old enough but still needed."""
    return connection.execute(
        f"""
        with expired as ({_EXPIRED})

        select
            count(e.load_id) as copies, coalesce(sum(e.size_bytes), 0)::bigint as size_bytes,
            count(*) - count(e.load_id) as needed
        from ops.ingestion_log as l
        left join expired as e on l.load_id = e.load_id
        where l.disposition_key like %(zone)s || '/%%' and l.copy_expired_at is null and l.judged_at < %(cutoff)s
        """,  # noqa: S608 -- constants
        {"zone": zone, "cutoff": cutoff},
    ).fetchone()


def note_expired(connection: Connection, load_ids: list[int]) -> None:
    """Remember that the copies of these loads were taken away, so that nobody makes them again."""
    connection.execute("update ops.ingestion_log set copy_expired_at = now() where load_id = any(%s)", [load_ids])
