"""What is known of clients' files: stored column maps, zones of their sites, and inbox objects already taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Jsonb

from include.core.errors import NotFound
from include.warehouse.database import Connection, connect


def hints(connection: Connection, organization_id: int, source_system: str) -> dict[str, Any]:
    """The stored column map of an organization and source, with the time zones of its mapped sites."""
    stored = connection.execute(
        "select hints from ops.column_map where organization_id = %s and source_system = %s",
        [organization_id, source_system],
    ).fetchone()
    zones = connection.execute(
        """
        select distinct d.external_site_id, p.time_zone
        from core.meter_device as d
        inner join core.meter as m on d.meter_id = m.meter_id
        inner join core.project as p on m.project_id = p.project_id
        where d.organization_id = %s and d.source_system = %s
        """,
        [organization_id, source_system],
    ).fetchall()
    return {
        **(stored["hints"] if stored else {}),
        "organization_id": organization_id,
        "site_time_zones": {row["external_site_id"]: row["time_zone"] for row in zones},
    }


def store_hints(connection: Connection, organization_id: int, source_system: str, values: dict[str, Any]) -> None:
    """Store or replace the column map of an organization and source."""
    connection.execute(
        """
        insert into ops.column_map (organization_id, source_system, hints) values (%s, %s, %s)
        on conflict (organization_id, source_system) do update set hints = excluded.hints, updated_at = now()
        """,
        [organization_id, source_system, Jsonb(values)],
    )


def taken_versions(connection: Connection, uris: list[str]) -> set[tuple[str, str]]:
    """Which of these objects were picked up before, as (uri, version)."""
    rows = connection.execute("select uri, version from ops.inbox_object where uri = any(%s)", [uris]).fetchall()
    return {(row["uri"], row["version"]) for row in rows}


@contextmanager
def sole_taker(uri: str, version: str) -> Iterator[bool]:
    """Whether this version of an inbox object is ours to pick up; nobody else may while the block runs."""
    with connect() as connection:
        locked = connection.execute(
            "select pg_try_advisory_xact_lock(hashtextextended(%s, 0)) as is_ours", [f"inbox {uri}"]
        ).fetchone()
        yield locked["is_ours"] and not taken_as(connection, uri, version)


def taken_as(connection: Connection, uri: str, version: str) -> dict[str, Any] | None:
    """As which load a version was picked up, or why there is none; None while nobody has picked it up."""
    return connection.execute(
        "select load_id, message from ops.inbox_object where uri = %s and version = %s", [uri, version]
    ).fetchone()


def require_organization(connection: Connection, organization_id: int) -> None:
    """Raise `NotFound` unless the organization is registered."""
    found = connection.execute("select from core.organization where organization_id = %s", [organization_id]).fetchone()
    if found is None:
        raise NotFound(f"there is no organization {organization_id}", remedy="register it with `sunledger sites apply`")


def take(
    connection: Connection,
    uri: str,
    version: str,
    organization_id: int,
    source_system: str,
    load_id: int | None,
    message: str | None = None,
) -> None:
    """Remember that this version of an inbox object was picked up, with its load or why there is none."""
    connection.execute(
        """
        insert into ops.inbox_object (uri, version, organization_id, source_system, load_id, message)
        values (%s, %s, %s, %s, %s, %s) on conflict (uri, version) do nothing
        """,
        [uri, version, organization_id, source_system, load_id, message],
    )
