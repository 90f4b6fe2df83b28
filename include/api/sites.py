"""Sites of vendor accounts: registered with their project and devices, changed, switched off; and the projects."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from include.api import bodies, fields, schemas
from include.api.callers import Caller, needs
from include.api.problems import malformed
from include.pipeline import accounts
from include.warehouse import tenant_edits, tenant_lists
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["sites"])

Keeper = Annotated[Caller, Depends(needs("sites"))]
Series = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=20, description="The vendor's words.")]
Minutes = Annotated[int, Field(ge=1, le=10_080)]
CONFLICT = {409: schemas.PROBLEM | {"description": "It contradicts what is stored."}}
WRITING = schemas.COMMON | schemas.BODY | CONFLICT
EXAMPLE = {
    "credential_id": 1,
    "external_site_id": "2016001",
    "name": "Roof",
    "project_id": 1,
    "time_zone": "Europe/Berlin",
    "devices": [
        {"external_device_id": "5E10A160-01", "meter_id": 1},
        {"external_device_id": "5E10A140-02", "new_meter": {"name": "Inverter 2", "meter_type": "INVERTER"}},
    ],
}


class NewMeter(fields.Form):
    """A meter to make in the site's project."""

    name: fields.Name
    meter_type: Literal["REVENUE", "PRODUCTION", "INVERTER", "CONSUMPTION", "IRRADIANCE"] = "PRODUCTION"
    rated_power_w: float | None = Field(default=None, gt=0, le=1e12, allow_inf_nan=False)


class DeviceMapping(fields.Form):
    """Which meter a device feeds: a known one, or a new one."""

    external_device_id: fields.Name
    meter_id: fields.Id | None = None
    new_meter: NewMeter | None = None


Devices = Annotated[list[DeviceMapping], Field(max_length=1000)]


class NewSite(fields.Form):
    """A site of an account, with the meters that its devices feed."""

    model_config = fields.example(EXAMPLE)

    credential_id: fields.Id
    external_site_id: fields.Name
    name: fields.Name
    time_zone: fields.TimeZone
    project_id: fields.Id | None = None
    series: Series = Field(default_factory=list)
    sync_interval_minutes: Minutes = 60
    devices: Devices = Field(default_factory=list)


class SiteChange(fields.Form):
    """What to change; what is left out or null stays. Devices that are not named keep their meters."""

    model_config = fields.example({"sync_interval_minutes": 15, "is_active": True})

    name: fields.Name | None = None
    time_zone: fields.TimeZone | None = None
    project_id: fields.Id | None = None
    series: Series | None = None
    sync_interval_minutes: Minutes | None = None
    is_active: bool | None = None
    devices: Devices = Field(default_factory=list)


class MappedDevice(BaseModel):
    """A device and the meter that it feeds."""

    external_device_id: str
    meter_id: int


class Site(BaseModel):
    """A registered site."""

    site_id: int
    credential_id: int
    source_system: str
    external_site_id: str
    name: str
    project_id: int | None
    time_zone: str
    series: list[str]
    sync_interval_minutes: int
    is_active: bool
    created_at: datetime
    devices: list[MappedDevice]


class Sites(BaseModel):
    """A page of sites in order of their ids."""

    items: list[Site]
    next_after: int | None = Field(description="Pass as `after` for the next page; null at the end.")


class Meter(BaseModel):
    """A measuring point of a project."""

    meter_id: int
    name: str
    meter_type: str


class Project(BaseModel):
    """A plant with its meters."""

    project_id: int
    name: str
    external_project_id: str | None
    time_zone: str
    meters: list[Meter]


class Projects(BaseModel):
    """All plants of an organization."""

    items: list[Project]


@router.get("/projects", summary="List the projects and their meters", responses=schemas.COMMON)
def projects(caller: Keeper) -> Projects:
    """What sites and devices can be mapped to."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return {"items": tenant_lists.projects(connection)}


@router.get("/sites", summary="List the sites", responses=schemas.COMMON)
def listed(
    caller: Keeper,
    after: fields.After = 0,
    limit: fields.Limit = 100,
) -> Sites:
    """The organization's sites, oldest first."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        items = tenant_lists.sites(connection, after, limit)
    return {"items": items, "next_after": items[-1]["site_id"] if len(items) == limit else None}


@router.post(
    "/sites",
    status_code=201,
    summary="Register a site with its devices",
    responses=WRITING,
    openapi_extra=schemas.json_request(NewSite),
)
def add(caller: Keeper, wanted: Annotated[NewSite, Depends(bodies.of(NewSite))], response: Response) -> Site:
    """Site, project and devices in one call: everything is stored, or nothing."""
    values = wanted.model_dump(exclude={"credential_id", "devices"})
    _check_devices(wanted.devices)
    with connect() as connection:
        site = tenant_edits.add_site(
            connection, caller.organization_id, wanted.credential_id, values, actor=caller.name
        )
        _check_series(site["source_system"], wanted.series)
        _map(connection, caller, site, wanted.devices)
    response.headers["Location"] = f"/api/ingest/sites/{site['site_id']}"
    return _shown(caller, site["site_id"])


@router.get("/sites/{site_id}", summary="Show a site", responses=schemas.COMMON)
def shown(caller: Keeper, site_id: fields.PathId) -> Site:
    """One site with its devices."""
    return _shown(caller, site_id)


@router.patch(
    "/sites/{site_id}",
    summary="Change a site",
    responses=WRITING,
    openapi_extra=schemas.json_request(SiteChange),
)
def change(
    caller: Keeper, site_id: fields.PathId, wanted: Annotated[SiteChange, Depends(bodies.of(SiteChange))]
) -> Site:
    """Everything is changed, or nothing."""
    changes = wanted.model_dump(exclude={"devices"}, exclude_none=True)
    _check_devices(wanted.devices)
    with connect() as connection:
        site = tenant_edits.change_site(connection, caller.organization_id, site_id, changes, actor=caller.name)
        _check_series(site["source_system"], wanted.series or [])
        _map(connection, caller, site, wanted.devices)
    return _shown(caller, site_id)


@router.delete("/sites/{site_id}", status_code=204, summary="Switch a site off", responses=schemas.COMMON)
def switch_off(caller: Keeper, site_id: fields.PathId) -> None:
    """It is not read any more; what was read stays."""
    with connect() as connection:
        tenant_edits.change_site(connection, caller.organization_id, site_id, {"is_active": False}, actor=caller.name)


def _shown(caller: Caller, site_id: int) -> dict[str, Any]:
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return tenant_lists.site(connection, site_id)


def _map(connection: Any, caller: Caller, site: dict[str, Any], devices: list[DeviceMapping]) -> None:
    for device in devices:
        meter = device.meter_id or device.new_meter.model_dump()
        tenant_edits.map_device(
            connection, caller.organization_id, site, device.external_device_id, meter, actor=caller.name
        )


def _check_devices(devices: list[DeviceMapping]) -> None:
    for position, device in enumerate(devices):
        if (device.meter_id is None) == (device.new_meter is None):
            raise malformed("name either meter_id or new_meter", f"devices/{position}")


def _check_series(source_system: str, series: list[str]) -> None:
    known = accounts.vendor(source_system).SERIES
    if unknown := sorted(set(series) - set(known)):
        raise malformed(f"{source_system} has no series {', '.join(unknown)}; choose from {', '.join(known)}", "series")
