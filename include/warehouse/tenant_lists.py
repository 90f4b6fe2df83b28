"""Accounts, sites and plants as a tenant sees them, never a secret. Row-level security decides what is there."""

from typing import Any

from include.core.errors import NotFound
from include.warehouse.database import Connection

_CREDENTIAL = """
    select
        c.credential_id, c.source_system, c.label, c.auth_type, c.state, c.calls_per_minute, c.monthly_credits,
        c.renewable_until, c.last_used_at, c.last_error, c.error_count, c.created_at, c.updated_at,
        (select count(*) from ops.integration_site as s where s.credential_id = c.credential_id) as sites
    from ops.integration_credential as c
"""
_SITE = """
    select
        s.integration_site_id as site_id, s.credential_id, s.source_system, s.external_site_id, s.name, s.project_id,
        s.time_zone, s.series, s.sync_interval_minutes, s.is_active, s.created_at,
        coalesce((
            select jsonb_agg(
                jsonb_build_object('external_device_id', d.external_device_id, 'meter_id', d.meter_id)
                order by d.external_device_id
            )
            from core.meter_device as d
            where d.organization_id = s.organization_id and d.source_system = s.source_system
                and d.external_site_id = s.external_site_id
        ), '[]') as devices
    from ops.integration_site as s
"""


def credentials(connection: Connection) -> list[dict[str, Any]]:
    """The tenant's vendor accounts."""
    return connection.execute(f"{_CREDENTIAL} order by c.source_system, c.label").fetchall()


def credential(connection: Connection, credential_id: int) -> dict[str, Any]:
    """A vendor account of the tenant; another tenant's does not exist."""
    row = connection.execute(f"{_CREDENTIAL} where c.credential_id = %s", [credential_id]).fetchone()
    if row is None:
        raise no_credential()
    return row


def sites(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """The tenant's integration sites in order of their ids, from beyond the id `after` on."""
    return connection.execute(
        f"{_SITE} where s.integration_site_id > %s order by s.integration_site_id limit %s",
        [after, limit],
    ).fetchall()


def site(connection: Connection, site_id: int) -> dict[str, Any]:
    """An integration site of the tenant; another tenant's does not exist."""
    row = connection.execute(f"{_SITE} where s.integration_site_id = %s", [site_id]).fetchone()
    if row is None:
        raise no_site()
    return row


def registered(connection: Connection, source_system: str) -> dict[str, int]:
    """The tenant's sites of a vendor: the vendor's id -> ours."""
    rows = connection.execute(
        "select external_site_id, integration_site_id from ops.integration_site where source_system = %s",
        [source_system],
    )
    return {row["external_site_id"]: row["integration_site_id"] for row in rows}


def sync(connection: Connection, site_id: int) -> dict[str, Any]:
    """How far a site of the tenant is stored, and how its last sync went."""
    row = connection.execute(
        """
        select
            s.integration_site_id as site_id, s.source_system, s.is_active, s.last_sync_status as status,
            s.last_sync_started_at, s.last_sync_at, s.last_sync_error as error, s.failed_from, s.failed_until,
            s.consecutive_failures, s.high_water_mark, c.state as credential_state
        from ops.integration_site as s
        inner join ops.integration_credential as c on s.credential_id = c.credential_id
        where s.integration_site_id = %s
        """,
        [site_id],
    ).fetchone()
    if row is None:
        raise no_site()
    return row


def projects(connection: Connection) -> list[dict[str, Any]]:
    """The tenant's plants with their meters, by name."""
    return connection.execute(
        """
        select
            p.project_id, p.name, p.external_project_id, p.time_zone,
            coalesce((
                select jsonb_agg(
                    jsonb_build_object('meter_id', m.meter_id, 'name', m.name, 'meter_type', m.meter_type)
                    order by m.name
                )
                from core.meter as m where m.project_id = p.project_id
            ), '[]') as meters
        from core.project as p
        order by p.name
        """
    ).fetchall()


def no_credential() -> NotFound:
    """The error of an account that is not there."""
    return NotFound("there is no such credential", remedy="list the credentials of your organization")


def no_site() -> NotFound:
    """The error of a site that is not there."""
    return NotFound("there is no such site", remedy="list the sites of your organization")
