"""Vendor accounts and their sites: what is due, how far it is stored, and how the last sync went."""

from datetime import datetime
from typing import Any

from include.core.errors import NotFound
from include.core.records import Site
from include.warehouse.database import Connection

_SITE_COLUMNS = """
    s.integration_site_id, s.organization_id, s.credential_id, s.source_system, s.external_site_id, s.name,
    s.time_zone, s.series, s.high_water_mark
"""


def due(connection: Connection, source_system: str, limit: int = 1000) -> list[dict[str, Any]]:
    """Sites of a vendor whose sync interval has passed, longest waiting first; at most `limit`."""
    return connection.execute(
        f"""
        select {_SITE_COLUMNS}
        from ops.integration_site as s
        inner join ops.integration_credential as c on s.credential_id = c.credential_id
        where s.source_system = %s and s.is_active and c.is_active
            and (
                s.last_sync_at is null
                -- a run that starts a little early must not skip a whole round
                or s.last_sync_at <= now() - make_interval(mins => s.sync_interval_minutes) * 0.9
                or s.last_sync_status <> 'success'
            )
        order by s.last_sync_at nulls first, s.integration_site_id
        limit %s
        """,  # noqa: S608 -- a constant list of columns
        [source_system, limit],
    ).fetchall()


def get(connection: Connection, integration_site_id: int) -> dict[str, Any]:
    """One site by id."""
    row = connection.execute(
        f"select {_SITE_COLUMNS} from ops.integration_site as s where s.integration_site_id = %s",  # noqa: S608
        [integration_site_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no integration site {integration_site_id}")
    return row


def as_record(row: dict[str, Any]) -> Site:
    """A site row as the record that sources take."""
    return Site(
        organization_id=row["organization_id"],
        source_system=row["source_system"],
        external_site_id=row["external_site_id"],
        name=row["name"],
        time_zone=row["time_zone"],
        series=tuple(row["series"]),
        integration_site_id=row["integration_site_id"],
        credential_id=row["credential_id"],
    )


def advance(connection: Connection, integration_site_id: int, stored_until: datetime) -> None:
    """Move the high-water mark forward; it never moves back and never passes what is stored."""
    connection.execute(
        """
        update ops.integration_site
        set high_water_mark = greatest(high_water_mark, %s) where integration_site_id = %s
        """,
        [stored_until, integration_site_id],
    )


def record_sync(connection: Connection, integration_site_id: int, status: str, error: str | None = None) -> None:
    """Note how a sync of a site ended: `success`, `partial` or `error` with its reason."""
    connection.execute(
        """
        update ops.integration_site
        set last_sync_at = now(), last_sync_status = %(status)s, last_sync_error = %(error)s,
            consecutive_failures = case when %(status)s = 'success' then 0 else consecutive_failures + 1 end
        where integration_site_id = %(site)s
        """,
        {"status": status, "error": error, "site": integration_site_id},
    )


def last_sync(connection: Connection, integration_site_id: int) -> dict[str, Any]:
    """Name of a site and how its last sync ended."""
    return connection.execute(
        "select name, last_sync_status, last_sync_error from ops.integration_site where integration_site_id = %s",
        [integration_site_id],
    ).fetchone()


def record_credential_use(connection: Connection, credential_id: int, error: str | None = None) -> None:
    """Note that a credential worked, or why it did not; a refused one is switched off until a person mends it."""
    connection.execute(
        """
        update ops.integration_credential
        set last_used_at = now(), last_error = %(error)s,
            error_count = case when %(error)s::text is null then 0 else error_count + 1 end
        where credential_id = %(credential)s
        """,
        {"error": error, "credential": credential_id},
    )
