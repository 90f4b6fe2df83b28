"""GoodWe: the station list page by page, and the devices of a station. The names of containers and ids vary."""

import json
from collections.abc import Iterator
from typing import Any

from include.core.records import VendorDevice, VendorSite
from include.sources.inverters.cells import Flaw, number
from include.sources.inverters.goodwe_codes import loaded, of, shape

CONTAINERS = ("dataList", "records", "list")
STATION_IDS = ("id", "stationId", "powerStationId", "powerstation_id", "plantId", "plant_id", "pwId")
STATION_NAMES = ("name", "stationName", "plantName", "plant_name")
CAPACITIES_KW = ("installedPower", "pvInstallP", "capacity")
KINDS = {"INVERTER": "inverter", "SMART_METER": "meter", "BAT_SYS": "battery", "BATTERY_RACK": "battery"}

PSYSTEM, DAY_TOTAL, INVERTERS = "psystem", "day_total", "inverters"
SUMS = {PSYSTEM: "Station power", DAY_TOTAL: "Station energy of the day"}


def stations(body: bytes) -> list[VendorSite]:
    """One page of the station list."""
    return [_station(of(dict, entry, "a station")) for entry in _entries(loaded(body), "the station list")]


def total(body: bytes) -> int | None:
    """How many stations the whole list has, where the answer says."""
    data = json.loads(body)["data"]
    value = number(data.get("total")) if isinstance(data, dict) else None
    return None if value is None or isinstance(value, Flaw) else int(value)


def devices(body: bytes, external_site_id: str) -> Iterator[VendorDevice]:
    """The station's sums, then inverters, meters and batteries, each serial number once; other types do not count."""
    yield from sums(external_site_id)
    known: set[str] = set()
    for group in of(list, of(dict, loaded(body), "the devices").get("deviceDetailList") or [], "deviceDetailList"):
        type_name = str(of(dict, group, "a group of devices").get("deviceType")).upper()
        for serial, detail in _serials(group) if type_name in KINDS else ():
            if serial not in known:
                known.add(serial)
                yield _device(serial, type_name, detail)


def sums(external_site_id: str) -> Iterator[VendorDevice]:
    """What the station delivers as a whole, as devices of their own."""
    for series, name in SUMS.items():
        yield VendorDevice(f"site:{external_site_id}:{series}", "site", name, metadata={"series": series})


def serials(body: bytes) -> list[str]:
    """The inverters of a device list in the OpenAPI's flat form, by serial number."""
    found = [
        first(of(dict, entry, "a device"), "sn", "invertersn", "serialNum") for entry in _entries(loaded(body), "it")
    ]
    return [str(serial) for serial in found if serial]


def first(entry: dict[str, Any], *names: str) -> Any:
    """The first of these parts that is there."""
    return next((entry[name] for name in names if entry.get(name) not in (None, "")), None)


def _entries(data: Any, what: str) -> list[Any]:
    if isinstance(data, dict):
        data = next((data[name] for name in CONTAINERS if name in data), None)
    return of(list, data, what)


def _station(entry: dict[str, Any]) -> VendorSite:
    external_site_id = first(entry, *STATION_IDS)
    if external_site_id is None:
        raise shape("a station has no id")
    capacity_kw = number(first(entry, *CAPACITIES_KW))
    has_capacity = capacity_kw is not None and not isinstance(capacity_kw, Flaw)
    return VendorSite(
        external_site_id=str(external_site_id),
        name=str(first(entry, *STATION_NAMES) or external_site_id),
        time_zone=entry.get("timeZone") if isinstance(entry.get("timeZone"), str) else None,
        dc_capacity_w=capacity_kw * 1000 if has_capacity else None,
        metadata=entry,
    )


def _serials(group: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The devices of one type; they are grouped once more by their state."""
    for state in of(list, group.get("statusDetailList") or [], "statusDetailList"):
        details = of(dict, of(dict, state, "a state").get("detailMap") or {}, "detailMap")
        for serial in dict.fromkeys([*of(list, state.get("snList") or [], "snList"), *details]):
            detail = details.get(serial)
            yield str(serial), {"status": state.get("status"), **(detail if isinstance(detail, dict) else {})}


def _device(serial: str, type_name: str, detail: dict[str, Any]) -> VendorDevice:
    model = first(detail, "subtype", "model")
    return VendorDevice(
        external_device_id=serial,
        kind=KINDS[type_name],
        name=str(detail.get("name") or serial),
        model=None if model is None else str(model),
        # the series that reads it; none reads meters and batteries, whose power comes along with the station's
        metadata={"deviceType": type_name, **detail, "series": INVERTERS if type_name == "INVERTER" else ""},
    )
