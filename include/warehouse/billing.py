"""Billing reads: the periods they are resolved to, and the loads that wait for reference data."""

from psycopg import sql

from include.warehouse.database import Connection

WAITING = ("B501_LINE_UNRESOLVED", "B502_PERIOD_UNRESOLVED")
UNPRICED = "B601_NO_TARIFF"


def ensure_periods(connection: Connection) -> int:
    """Create the calendar months that bills may name: fifteen years back and three ahead; returns how many are new."""
    return connection.execute(
        "select core.ensure_billing_periods((current_date - interval '15 years')::date, "
        "(current_date + interval '3 years')::date) as created"
    ).fetchone()["created"]


def newly_resolvable(connection: Connection) -> list[int]:
    """Loads with rows that wait for reference data or have no price, where reference data has changed since.

    The count of changes that a load saw was read before its rows were resolved, so no change is missed.
    """
    rows = connection.execute(
        # the code stands in the text, because an index holds the loads that have it
        sql.SQL(
            """
            select l.load_id
            from core.organization as o
            cross join lateral (select core.reference_version(o.organization_id) as version offset 0) as now
            inner join ops.ingestion_log as l
                on o.organization_id = l.organization_id and l.reference_version < now.version
            where
                l.feed = 'billing_read'
                and (l.rows_rejected > 0 or l.verdict -> 'codes' ? {unpriced})
                and l.status in ('accepted', 'published', 'held')
                and (
                    l.verdict -> 'codes' ? {unpriced}
                    or exists (
                        select from quarantine.rejected_row as r
                        where r.load_id = l.load_id and r.status = 'open' and r.codes && %s::text[]
                    )
                )
            order by l.load_id
            """
        ).format(unpriced=sql.Literal(UNPRICED)),
        [list(WAITING)],
    ).fetchall()
    return [row["load_id"] for row in rows]


def outdated(connection: Connection, publication_id: int) -> list[int]:
    """Loads of a publication whose rows were resolved before their organization's reference data changed."""
    rows = connection.execute(
        """
        select l.load_id
        from ops.ingestion_log as l
        inner join ops.publication_load as p on l.load_id = p.load_id
        where
            p.publication_id = %s
            and l.feed = 'billing_read'
            and l.reference_version < core.reference_version(l.organization_id)
        order by l.load_id
        """,
        [publication_id],
    ).fetchall()
    return [row["load_id"] for row in rows]
