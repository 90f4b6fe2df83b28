"""Extract: from a site's high-water mark to the newest closed interval, landed part by part.

The mark moves only after a part is durable in the lake, so an outage of ours or of the vendor leaves no gap: the
next run starts where this one stopped, an overlap earlier because vendors revise recent values.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from include.core.errors import AuthFailed, NotFound, SunledgerError, VendorError
from include.core.records import Site, Window
from include.pipeline import accounts
from include.pipeline.accounts import connect_account
from include.pipeline.land import land_answer
from include.warehouse import credentials, registry, sites
from include.warehouse.database import connect

log = logging.getLogger(__name__)

FIRST_LOOKBACK = timedelta(hours=48)


def due_sites(source_system: str) -> list[dict[str, Any]]:
    """References of the sites whose turn it is, for a task per site."""
    with connect() as connection:
        rows = sites.due(connection, source_system)
    return [{"integration_site_id": row["integration_site_id"], "name": row["name"]} for row in rows]


def discover(organization_id: int, source_system: str, label: str = "") -> dict[str, Any]:
    """What a vendor account says of its sites and devices, in the form that registration takes."""
    with connect() as connection:
        credential = registry.find_credential(connection, organization_id, source_system, label)
    if credential is None:
        raise NotFound(f"the organization has no {source_system} account {label!r}", remedy="register it first")
    source = connect_account(credential)
    projects, sites_ = [], []
    for site in source.sites():
        meters = [
            {
                "name": device.name,
                "meter_type": "INVERTER" if device.kind == "inverter" else "PRODUCTION",
                "rated_power_w": device.rated_power_w or None,
                "devices": [
                    {"source": source_system, "site": site.external_site_id, "device": device.external_device_id}
                ],
            }
            for device in source.devices(site.external_site_id)
            if device.kind in {"inverter", "meter"}
        ]
        zone = site.time_zone or "UTC"
        projects.append({"name": site.name, "time_zone": zone, "meters": meters})
        sites_.append({"site": site.external_site_id, "name": site.name, "project": site.name, "time_zone": zone})
    return {"projects": projects, "accounts": [{"source": source_system, "label": label, "sites": sites_}]}


def land_site(integration_site_id: int, until: datetime | None = None, lookback: timedelta | None = None) -> list[int]:
    """Fetch and land everything of a site that is closed by `until`; returns the load ids.

    Ends as `success`, or as `partial` or `error` on the site with the reason, and then raises it.
    """
    with connect() as connection:
        row = sites.get(connection, integration_site_id)
        credential = credentials.get(connection, row["credential_id"])
    site = sites.as_record(row)
    landed: list[int] = []
    try:
        _land_parts(site, credential, _window(row, until, lookback), landed)
    except SunledgerError as error:
        _record(site, "partial" if landed else "error", error)
        raise
    _record(site, "success", None)
    return landed


def raise_for_failures(references: list[dict[str, Any]]) -> None:
    """Raise an error that names every one of these sites whose last sync was not a success."""
    with connect() as connection:
        rows = [sites.last_sync(connection, reference["integration_site_id"]) for reference in references]
    failed = [f"{row['name']}: {row['last_sync_error']}" for row in rows if row["last_sync_status"] != "success"]
    if failed:
        raise VendorError(f"{len(failed)} of {len(rows)} sites failed: {'; '.join(failed)}")


def _land_parts(site: Site, credential: dict[str, Any], window: Window, landed: list[int]) -> None:
    source = connect_account(credential)
    for part in window.split(accounts.vendor(site.source_system).PART):
        for answer in source.fetch(site, part):
            landed.append(land_answer(answer, site)["load_id"])
        with connect() as connection:
            sites.advance(connection, site.integration_site_id, part.end)


def _window(row: dict[str, Any], until: datetime | None, lookback: timedelta | None) -> Window:
    vendor = accounts.vendor(row["source_system"])
    end = vendor.closed_until(min(until or datetime.now(UTC), datetime.now(UTC)))
    if lookback is not None:
        return Window(_quarter(end - lookback), end)
    if row["high_water_mark"] is None:
        return Window(_quarter(end - FIRST_LOOKBACK), end)
    return Window(_quarter(row["high_water_mark"] - vendor.OVERLAP), end)


def _quarter(instant: datetime) -> datetime:
    return instant.replace(minute=instant.minute - instant.minute % 15, second=0, microsecond=0)


def _record(site: Site, status: str, error: SunledgerError | None) -> None:
    reason = str(error)[:1000] if error else None
    refused = reason if isinstance(error, AuthFailed) else None
    with connect() as connection:
        sites.record_sync(connection, site.integration_site_id, status, reason)
        sites.record_credential_use(connection, site.credential_id, refused)
    log.info("%s %s: %s", site.source_system, site.name, status)
