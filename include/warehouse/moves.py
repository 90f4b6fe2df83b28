"""Sites and devices that got new ids at the vendor."""

from typing import Any

from psycopg.errors import UniqueViolation

from include.core.errors import ConfigurationError
from include.core.records import Site
from include.warehouse import audit
from include.warehouse.database import Connection


def move(connection: Connection, site: Site, external_site_id: str, devices: dict[str, str]) -> None:
    """Give a site its new id and map its devices under their new ones, with an audit entry.

    The mappings of the old ids stay, so that what was delivered under them can be replayed.
    """
    try:
        connection.execute(
            "update ops.integration_site set external_site_id = %s where integration_site_id = %s",
            [external_site_id, site.integration_site_id],
        )
    except UniqueViolation as error:
        raise ConfigurationError(
            f"the vendor moved site {site.external_site_id} to {external_site_id}, which is registered already",
            remedy="switch one of the two off",
        ) from error
    for row in _mappings(connection, site):
        connection.execute(
            """
            insert into core.meter_device (
                organization_id, meter_id, source_system, external_site_id, external_device_id
            )
            values (%s, %s, %s, %s, %s) on conflict do nothing
            """,
            [
                site.organization_id,
                row["meter_id"],
                site.source_system,
                external_site_id,
                _new_id(row["external_device_id"], site.external_site_id, external_site_id, devices),
            ],
        )
    audit.record(
        connection,
        actor="pipeline",
        action="move site",
        subject=f"site {site.integration_site_id} ({site.name})",
        reason="the vendor gave it new ids",
        organization_id=site.organization_id,
        details={"from": site.external_site_id, "to": external_site_id, "devices": devices},
    )


def _mappings(connection: Connection, site: Site) -> list[dict[str, Any]]:
    return connection.execute(
        """
        select meter_id, external_device_id from core.meter_device
        where organization_id = %s and source_system = %s and external_site_id = %s
        """,
        [site.organization_id, site.source_system, site.external_site_id],
    ).fetchall()


def _new_id(device: str, old_site: str, new_site: str, devices: dict[str, str]) -> str:
    """The device's new id; that of a site's sum carries the site's."""
    prefix = f"site:{old_site}:"
    renamed = f"site:{new_site}:{device.removeprefix(prefix)}" if device.startswith(prefix) else device
    return devices.get(device, renamed)
