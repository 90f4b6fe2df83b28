"""Sites of vendor accounts: which are due, how far they are stored, and how the last sync went."""

from datetime import datetime
from typing import Any

from include.core.errors import NotFound
from include.core.records import Site, Window
from include.warehouse import audit
from include.warehouse.database import Connection

GONE_LIMIT = 5  # syncs in a row that meet an unknown site before it is switched off

_COLUMNS = """
    s.integration_site_id, s.organization_id, s.credential_id, s.source_system, s.external_site_id, s.name,
    s.time_zone, s.series, s.high_water_mark, s.is_active, o.name as organization, c.state as credential_state,
    c.label as credential_label, c.last_error as credential_error,
    array(
        select d.external_device_id
        from core.meter_device as d
        where d.organization_id = s.organization_id and d.source_system = s.source_system
            and d.external_site_id = s.external_site_id and d.external_device_id <> ''
        order by d.external_device_id
    ) as devices
"""
_TABLES = """
    ops.integration_site as s
    inner join ops.integration_credential as c on s.credential_id = c.credential_id
    inner join core.organization as o on s.organization_id = o.organization_id
"""


def due(connection: Connection, source_system: str, least_minutes: int, limit: int = 10_000) -> list[dict[str, Any]]:
    """Sites of a vendor whose turn it is, longest waiting first; at most `limit`.

    A site that failed is tried before its interval has passed, but none more often than every `least_minutes`.
    """
    return connection.execute(
        f"""
        select {_COLUMNS}
        from {_TABLES}
        where s.source_system = %(source)s and s.is_active and c.is_active
            and (
                s.last_sync_started_at is null
                or s.last_sync_started_at <= now() - make_interval(mins => %(least)s)
            )
            and (
                s.last_sync_at is null
                -- a run that starts a little early must not skip a whole round
                or s.last_sync_at <= now() - make_interval(mins => s.sync_interval_minutes) * 0.9
                or s.consecutive_failures > 0
                or s.last_sync_status = 'pending'
            )
        order by s.last_sync_at nulls first, s.integration_site_id
        limit %(limit)s
        """,  # noqa: S608 -- constants
        {"source": source_system, "least": least_minutes, "limit": limit},
    ).fetchall()


def find(
    connection: Connection, source_system: str, external_site_id: str | None = None, organization_id: int | None = None
) -> list[dict[str, Any]]:
    """Sites of a vendor: the one that is named, be it switched off, or every active one."""
    return connection.execute(
        f"""
        select {_COLUMNS}
        from {_TABLES}
        where s.source_system = %(source)s
            and (s.external_site_id = %(site)s::text or (%(site)s::text is null and s.is_active))
            and (%(organization)s::bigint is null or s.organization_id = %(organization)s)
        order by o.name, s.name, s.integration_site_id
        """,  # noqa: S608 -- constants
        {"source": source_system, "site": external_site_id, "organization": organization_id},
    ).fetchall()


def waiting_for_a_person(connection: Connection, source_system: str) -> list[dict[str, Any]]:
    """Active sites that are not read because their account has to be mended first; `disabled` was somebody's wish."""
    return connection.execute(
        f"""
        select {_COLUMNS}
        from {_TABLES}
        where s.source_system = %s and s.is_active and c.state in ('refused', 'reauth_required', 'consent_lost')
        order by s.integration_site_id
        """,  # noqa: S608 -- constants
        [source_system],
    ).fetchall()


def get(connection: Connection, integration_site_id: int) -> dict[str, Any]:
    """One site by id."""
    row = connection.execute(
        f"select {_COLUMNS} from {_TABLES} where s.integration_site_id = %s",  # noqa: S608 -- constants
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
        devices=tuple(row["devices"]),
    )


def begin_sync(connection: Connection, integration_site_id: int) -> None:
    """Note that a sync runs; one that is killed stays `pending` and never looks like a success."""
    connection.execute(
        """
        update ops.integration_site
        set last_sync_started_at = clock_timestamp(), last_sync_status = 'pending', last_sync_error = null
        where integration_site_id = %s
        """,
        [integration_site_id],
    )


def advance(connection: Connection, integration_site_id: int, stored: Window) -> None:
    """Move the high-water mark over what is stored now; it never moves back and never over a gap."""
    connection.execute(
        """
        update ops.integration_site
        set high_water_mark = greatest(high_water_mark, %(until)s)
        where integration_site_id = %(site)s and (high_water_mark is null or high_water_mark >= %(since)s)
        """,
        {"since": stored.start, "until": stored.end, "site": integration_site_id},
    )


def record_sync(
    connection: Connection,
    integration_site_id: int,
    status: str,
    error: str | None = None,
    failed: Window | None = None,
    *,
    is_gone: bool = False,
) -> None:
    """Note how a sync of a site ended: `success`, `partial` or `error` with its reason and the part that failed.

    A site that the vendor did not know `GONE_LIMIT` times in a row is switched off, with an audit entry. One that
    was switched off and is read again is on again.
    """
    row = connection.execute(
        """
        update ops.integration_site
        set last_sync_at = clock_timestamp(), last_sync_status = %(status)s, last_sync_error = %(error)s,
            failed_from = %(failed_from)s, failed_until = %(failed_until)s,
            consecutive_failures = case when %(status)s = 'success' then 0 else consecutive_failures + 1 end,
            consecutive_gone = case
                when %(is_gone)s then consecutive_gone + 1 when %(status)s = 'error' then consecutive_gone else 0
            end
        where integration_site_id = %(site)s
        returning organization_id, is_active, consecutive_gone, name
        """,
        {
            "status": status,
            "error": error,
            "failed_from": failed.start if failed else None,
            "failed_until": failed.end if failed else None,
            "is_gone": is_gone,
            "site": integration_site_id,
        },
    ).fetchone()
    if row["is_active"] and row["consecutive_gone"] >= GONE_LIMIT:
        _switch(connection, integration_site_id, row, is_active=False, reason=error or "")
    elif not row["is_active"] and status == "success":
        _switch(connection, integration_site_id, row, is_active=True, reason="it was read again")


def last_syncs(connection: Connection, integration_site_ids: list[int]) -> list[dict[str, Any]]:
    """Names of sites and how their last sync ended."""
    return connection.execute(
        """
        select integration_site_id, name, last_sync_status, last_sync_error
        from ops.integration_site where integration_site_id = any(%s) order by integration_site_id
        """,
        [integration_site_ids],
    ).fetchall()


def arrived_since(connection: Connection, integration_site_ids: list[int], since: datetime) -> set[int]:
    """Those of some sites whose last sync succeeded, not before an instant."""
    rows = connection.execute(
        """
        select integration_site_id from ops.integration_site
        where integration_site_id = any(%s) and last_sync_status = 'success' and last_sync_at >= %s
        """,
        [integration_site_ids, since],
    ).fetchall()
    return {row["integration_site_id"] for row in rows}


def note_refused_loads(connection: Connection, integration_site_ids: list[int]) -> None:
    """Turn a success into `partial` where a load of the sync, or the one that it repeats, was not accepted."""
    connection.execute(
        """
        update ops.integration_site as s
        set last_sync_status = 'partial', last_sync_error = found.reason
        from (
            select
                l.integration_site_id,
                string_agg(
                    format(
                        'load %%s is %%s: %%s', content.load_id, content.status,
                        coalesce(content.code || ' ' || content.message, 'not judged')
                    ), '; ' order by l.load_id
                ) as reason
            from ops.ingestion_log as l
            inner join ops.ingestion_log as content on content.load_id = coalesce(l.duplicate_of, l.load_id)
            inner join ops.integration_site as of_load on l.integration_site_id = of_load.integration_site_id
            where l.integration_site_id = any(%s) and l.received_at >= of_load.last_sync_started_at
                and content.status not in ('accepted', 'published', 'empty')
            group by l.integration_site_id
        ) as found
        where s.integration_site_id = found.integration_site_id and s.last_sync_status = 'success'
        """,
        [integration_site_ids],
    )


def _switch(
    connection: Connection, integration_site_id: int, row: dict[str, Any], *, is_active: bool, reason: str
) -> None:
    connection.execute(
        "update ops.integration_site set is_active = %s where integration_site_id = %s",
        [is_active, integration_site_id],
    )
    audit.record(
        connection,
        actor="pipeline",
        action="switch site on" if is_active else "switch site off",
        subject=f"site {integration_site_id} ({row['name']})",
        reason=reason,
        organization_id=row["organization_id"],
    )
