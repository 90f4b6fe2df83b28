"""Counts for people: what came in, what became of it, and whether the sums add up."""

from datetime import datetime
from typing import Any

from psycopg import sql

from include.warehouse import vault_keys
from include.warehouse.database import Connection


def collect(connection: Connection) -> dict[str, Any]:
    """Loads by status, row accounting, readings, aggregates, refused rows by code, publications."""
    rows = connection.execute(
        """
        select
            coalesce(sum(rows_in), 0)::bigint as "in", coalesce(sum(rows_clean), 0)::bigint as clean,
            coalesce(sum(rows_rejected), 0)::bigint as rejected,
            coalesce(sum(rows_duplicate), 0)::bigint as duplicate
        from ops.ingestion_log where rows_clean is not null
        """
    ).fetchone()
    return {
        "loads": _by(connection, "select status as name, count(*) as n from ops.ingestion_log group by 1 order by 1"),
        "rows": rows,
        "readings": _count(connection, "select count(*) as n from canonical.meter_reading"),
        "revisions": _count(connection, "select count(*) as n from canonical.meter_reading_revision"),
        "default_partition_rows": _count(connection, "select count(*) as n from canonical.meter_reading_default"),
        "aggregates": _by(
            connection,
            """
            select period_type as name, count(*) as n
            from canonical.meter_aggregate group by 1 order by min(period_end - period_start)
            """,
        ),
        "rejected_by_code": _by(
            connection,
            """
            select code as name, count(*) as n
            from quarantine.rejected_row, unnest(codes) as code where status = 'open' group by 1 order by 1
            """,
        ),
        "publications": _count(connection, "select count(*) as n from ops.publication where status = 'closed'"),
        "open_publication": connection.execute(
            "select publication_id, opened_at, last_error from ops.publication where status = 'open'"
        ).fetchone(),
        "sites": connection.execute(
            """
            select
                s.source_system, s.name, s.is_active, s.last_sync_status, s.last_sync_at, s.high_water_mark,
                s.failed_from, s.failed_until, s.last_sync_error, c.state as credential_state
            from ops.integration_site as s
            inner join ops.integration_credential as c on s.credential_id = c.credential_id
            order by s.source_system, s.name
            """
        ).fetchall(),
        "worn_vault_keys": vault_keys.worn(connection),
    }


def needs_a_look(site: dict[str, Any]) -> bool:
    """Whether a site of the summary is not read as it should be."""
    if not site["is_active"] or site["credential_state"] == "disabled":
        return site["last_sync_status"] == "error"  # such as a site that the vendor does not know any more
    return site["credential_state"] != "active" or site["last_sync_status"] not in {None, "pending", "success"}


def publication_counts(connection: Connection, publication_id: int) -> dict[str, Any]:
    """What a publication that was just built brought: loads, readings, values replaced, periods judged, events."""
    counts = connection.execute(
        """
        select
            (select count(*) from ops.publication_load where publication_id = %(id)s) as loads,
            (
                select count(*) from canonical.meter_reading_revision where revised_in_publication_id = %(id)s
            ) as revisions,
            (select count(*) from ops.reassessment where publication_id = %(id)s) as reassessments,
            (select count(*) from canonical.obligation_period where publication_id = %(id)s) as periods,
            (select count(*) from canonical.default_event where publication_id = %(id)s) as default_events
        """,
        {"id": publication_id},
    ).fetchone()
    return counts | {"readings": _published_readings(connection, publication_id)}


def _published_readings(connection: Connection, publication_id: int) -> int:
    """Readings that a publication stored, looked for in the months of its batch only: history may be long."""
    months = connection.execute(
        """
        select first_start - interval '1 day' as first_at, last_start + interval '1 day' as last_at
        from intermediate.int_readings__spans
        where publication_id = %s
        """,
        [publication_id],
    ).fetchall()
    # PostgreSQL prunes partitions by literals
    spans = [
        sql.SQL("timestamp between {} and {}").format(sql.Literal(month["first_at"]), sql.Literal(month["last_at"]))
        for month in months
    ]
    query = sql.SQL("select count(*) as n from canonical.meter_reading where publication_id = {} and ({})").format(
        sql.Literal(publication_id), sql.SQL(" or ").join(spans) if spans else sql.SQL("false")
    )
    return connection.execute(query).fetchone()["n"]


def settled(connection: Connection, since: datetime) -> bool:
    """Whether everything received so far has been published, by a publication that closed after `since`."""
    return connection.execute(
        """
        select
            exists (select from ops.publication where status = 'closed' and closed_at >= %s)
            and not exists (select from ops.publication where status = 'open')
            and not exists (select from ops.ingestion_log where status in ('landed', 'staged', 'accepted'))
            and not exists (select from ops.reassessment where publication_id is null) as settled
        """,
        [since],
    ).fetchone()["settled"]


def _by(connection: Connection, query: str) -> dict[str, int]:
    return {row["name"]: row["n"] for row in connection.execute(query).fetchall()}


def _count(connection: Connection, query: str) -> int:
    return connection.execute(query).fetchone()["n"]
