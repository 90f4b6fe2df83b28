"""Loads as a tenant sees them: one by id or hash, the history, and counts per day. Row-level security decides."""

from typing import Any

from include.core.errors import NotFound
from include.warehouse.database import Connection


def one(connection: Connection, load_id: int) -> dict[str, Any]:
    """A load of the tenant; another tenant's does not exist."""
    return _found(connection.execute("select * from ops.ingestion_log where load_id = %s", [load_id]).fetchone())


def by_hash(connection: Connection, sha256: str) -> dict[str, Any]:
    """The tenant's first load with these bytes."""
    return _found(
        connection.execute(
            "select * from ops.ingestion_log where sha256 = %s order by duplicate_of nulls first, load_id limit 1",
            [sha256],
        ).fetchone()
    )


def _found(load: dict[str, Any] | None) -> dict[str, Any]:
    if load is None:
        raise NotFound("there is no such load", remedy="the history shows the known ones")
    return load


def history(
    connection: Connection, *, source_system: str | None, status: str | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """The tenant's loads, newest first, below the load `before` when given."""
    return connection.execute(
        """
        select load_id, source_system, original_name, status, rows_in, rows_clean, rows_rejected, rows_duplicate,
            code, message, received_at
        from ops.ingestion_log
        where (%(source)s::text is null or source_system = %(source)s)
            and (%(status)s::text is null or status = %(status)s)
            and (%(before)s::bigint is null or load_id < %(before)s)
        order by load_id desc
        limit %(limit)s
        """,
        {"source": source_system, "status": status, "before": before, "limit": limit},
    ).fetchall()


def statistics(connection: Connection, days: int) -> list[dict[str, Any]]:
    """Loads and rows per day (UTC) and source of the last days, newest first."""
    return connection.execute(
        """
        select
            (received_at at time zone 'UTC')::date::text as day,
            source_system,
            count(*) as loads,
            count(*) filter (where status in ('accepted', 'published')) as accepted,
            count(*) filter (where status in ('held', 'rejected', 'failed')) as held_or_rejected,
            count(*) filter (where status = 'duplicate') as duplicates,
            coalesce(sum(rows_in), 0)::bigint as rows_in,
            coalesce(sum(rows_clean), 0)::bigint as rows_accepted,
            coalesce(sum(rows_rejected), 0)::bigint as rows_rejected,
            percentile_cont(0.5) within group (order by extract(epoch from judged_at - received_at))
                filter (where status <> 'duplicate') as median_judging_seconds
        from ops.ingestion_log
        where received_at >= date_trunc('day', now(), 'UTC') - make_interval(days => %s - 1)
        group by 1, 2
        order by 1 desc, 2
        """,
        [days],
    ).fetchall()
