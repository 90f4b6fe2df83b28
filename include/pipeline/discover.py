"""What a vendor account says of its sites and devices, in the form that registration takes."""

from collections import Counter
from typing import Any

from include.core.errors import NotFound
from include.core.records import VendorDevice, VendorSite
from include.pipeline.accounts import connect_account, vendor
from include.warehouse import registry
from include.warehouse.database import connect

METER_TYPES = {"inverter": "INVERTER", "meter": "PRODUCTION", "site": "PRODUCTION", "sensor": "IRRADIANCE"}


def discover(organization_id: int, source_system: str, label: str = "") -> dict[str, Any]:
    """Ask the vendor for every site of an account and its devices; batteries feed no meter and are left out."""
    with connect() as connection:
        credential = registry.find_credential(connection, organization_id, source_system, label)
    if credential is None:
        raise NotFound(f"the organization has no {source_system} account {label!r}", remedy="register it first")
    source = connect_account(credential)
    found = list(source.sites())
    names = _distinct([(site.name, site.external_site_id) for site in found])
    projects, sites = [], []
    for site, name in zip(found, names, strict=True):
        zone = site.time_zone or "UTC"
        devices = [device for device in source.devices(site.external_site_id) if _is_read(device, source_system)]
        projects.append({"name": name, "time_zone": zone, "meters": _meters(source_system, site, devices)})
        sites.append({"site": site.external_site_id, "name": site.name, "project": name, "time_zone": zone})
    return {"projects": projects, "accounts": [{"source": source_system, "label": label, "sites": sites}]}


def _is_read(device: VendorDevice, source_system: str) -> bool:
    """Whether a device can feed a meter, by a series that is read unless the site chooses others."""
    series = device.metadata.get("series")
    return device.kind in METER_TYPES and (series is None or series in vendor(source_system).DEFAULT_SERIES)


def _meters(source_system: str, site: VendorSite, devices: list[VendorDevice]) -> list[dict[str, Any]]:
    names = _distinct([(device.name, device.external_device_id) for device in devices])
    return [
        {
            "name": name,
            "meter_type": METER_TYPES[device.kind],
            "rated_power_w": device.rated_power_w or None,
            "devices": [{"source": source_system, "site": site.external_site_id, "device": device.external_device_id}],
        }
        for device, name in zip(devices, names, strict=True)
    ]


def _distinct(named: list[tuple[str, str]]) -> list[str]:
    """Names that identify; one that several share, or that is empty, gets its id beside it."""
    uses = Counter(name for name, _ in named)
    return [name if name and uses[name] == 1 else f"{name} {identity}".strip() for name, identity in named]
