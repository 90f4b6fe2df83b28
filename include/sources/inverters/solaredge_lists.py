"""SolarEdge v2: the site list, site metadata, the device list, and error objects in place of them."""

import json
from collections.abc import Iterator
from typing import Any

from include.core.errors import UnexpectedPayload
from include.core.records import VendorDevice, VendorSite
from include.http.statuses import error_for
from include.sources.inverters.cells import Flaw, number

KINDS = {"INVERTER": "inverter", "METER": "meter", "BATTERY": "battery"}
FIRST_ERROR = 400


def loaded(body: bytes) -> Any:
    """The JSON payload of an answer, error objects refused."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedPayload("solaredge: the answer is not JSON", remedy="Look at the stored answer.") from None
    refuse_error_object(payload)
    return payload


def refuse_error_object(payload: Any) -> None:
    """Raise when the payload is a problem document (RFC 9457) or an `error` object, whatever the HTTP status was."""
    if not isinstance(payload, dict):
        return
    status = payload.get("status")
    if isinstance(status, int) and status >= FIRST_ERROR:
        words = [payload[key] for key in ("title", "detail") if isinstance(payload.get(key), str)]
        raise error_for(status, ": ".join(words), "solaredge")
    for key in ("error", "errors"):
        if payload.get(key):
            raise shape(f"the answer is an error object: {json.dumps(payload[key])[:200]}")


def shape(message: str) -> UnexpectedPayload:
    """The error for an answer that is not as documented."""
    return UnexpectedPayload(
        f"solaredge: {message}",
        remedy="The stored answer can be replayed once the adapter knows this shape.",
    )


def of(kind: type, value: Any, what: str) -> Any:
    """Insist on the JSON type of a part of the answer."""
    if not isinstance(value, kind):
        raise shape(f"{what} is {type(value).__name__}, expected {kind.__name__}")
    return value


def sites(body: bytes) -> list[VendorSite]:
    """One page of the site list: `{"sites": {"site": [...]}}`, or a bare array as older accounts send it."""
    payload = loaded(body)
    if isinstance(payload, dict):
        payload = of(dict, payload.get("sites"), "sites").get("site")
    return [_site(of(dict, entry, "a site")) for entry in of(list, payload, "the site list")]


def site(body: bytes) -> VendorSite:
    """The metadata of one site."""
    return _site(of(dict, loaded(body), "the site"))


def devices(body: bytes) -> Iterator[VendorDevice]:
    """Inverters, meters and batteries of the device list, each serial number once; other types are passed over."""
    known: set[str] = set()
    for entry in of(list, loaded(body), "the device list"):
        kind = KINDS.get(str(of(dict, entry, "a device").get("type")).upper())
        serial = entry.get("serialNumber")
        if kind is None or serial in known:
            continue
        known.add(of(str, serial, "serialNumber"))
        yield VendorDevice(
            external_device_id=serial,
            kind=kind,
            name=str(entry.get("name") or serial),
            model=entry.get("model"),
            rated_power_w=_amount(entry.get("nameplate")),
            metadata=entry,
        )


def _site(entry: dict[str, Any]) -> VendorSite:
    """A site record; `peakPower` is in kW."""
    if "siteId" not in entry:
        raise shape("a site has no siteId")
    location = entry.get("location") or {}
    peak_power_kw = _amount(entry.get("peakPower"))
    return VendorSite(
        external_site_id=str(entry["siteId"]),
        name=str(entry.get("name") or entry["siteId"]),
        time_zone=location.get("timezone"),
        latitude=_amount(location.get("latitude")),
        longitude=_amount(location.get("longitude")),
        dc_capacity_w=None if peak_power_kw is None else peak_power_kw * 1000,
        metadata=entry,
    )


def _amount(cell: Any) -> float | None:
    """A descriptive number, or None; an unreadable one stays visible in `metadata`."""
    value = number(cell)
    return None if isinstance(value, Flaw) else value
