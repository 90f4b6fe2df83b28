"""SMA: the plant list, the device list, the measurement sets of a device, and error objects in place of them."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from include.core.errors import UnexpectedPayload
from include.core.records import VendorDevice, VendorSite
from include.http.statuses import error_for
from include.sources.inverters.cells import Flaw, number

# words in the vendor's device type, the telling one first: a battery inverter delivers no solar energy
KINDS = {"sensor": "sensor", "battery": "battery", "inverter": "inverter"}
FIRST_ERROR = 400
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def loaded(body: bytes) -> Any:
    """The JSON payload of an answer, error objects refused."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise shape("the answer is not JSON") from None
    refuse_error_object(payload)
    return payload


def refuse_error_object(payload: Any) -> None:
    """Raise when the payload is a problem document or an `error` object, whatever the HTTP status was."""
    if not isinstance(payload, dict):
        return
    status = payload.get("status")
    if isinstance(status, int) and status >= FIRST_ERROR:
        words = [payload[key] for key in ("title", "detail", "message") if isinstance(payload.get(key), str)]
        raise error_for(status, ": ".join(words)[:200], "sma")
    for key in ("error", "errors"):
        if payload.get(key):
            raise shape(f"the answer is an error object: {json.dumps(payload[key])[:200]}")


def shape(message: str) -> UnexpectedPayload:
    """The error for an answer that is not as documented."""
    return UnexpectedPayload(
        f"sma: {message}",
        remedy="The stored answer can be replayed once the adapter knows this shape.",
    )


def of(kind: type, value: Any, what: str) -> Any:
    """Insist on the JSON type of a part of the answer."""
    if not isinstance(value, kind):
        raise shape(f"{what} is {type(value).__name__}, expected {kind.__name__}")
    return value


def sites(body: bytes) -> list[VendorSite]:
    """The plants of the list, each once."""
    entries = of(list, of(dict, loaded(body), "the answer").get("plants"), "plants")
    found: dict[str, VendorSite] = {}
    for plant in (site(of(dict, entry, "a plant")) for entry in entries):
        found.setdefault(plant.external_site_id, plant)
    return list(found.values())


def site(entry: dict[str, Any]) -> VendorSite:
    """A plant record; `peakPower` is in W, and zero where the owner entered nothing."""
    plant_id = _id(entry, "plantId")
    installation, address = entry.get("installation") or {}, (entry.get("location") or {}).get("address") or {}
    return VendorSite(
        external_site_id=plant_id,
        name=str(entry.get("name") or plant_id),
        time_zone=entry.get("timezone"),
        latitude=_amount(address.get("latitude")),
        longitude=_amount(address.get("longitude")),
        dc_capacity_w=_amount(installation.get("peakPower")) or None,
        metadata=entry,
    )


def devices(body: bytes) -> Iterator[VendorDevice]:
    """Inverters, batteries and sensors of the device list, each once; other devices deliver no readings of ours."""
    known: set[str] = set()
    for entry in of(list, of(dict, loaded(body), "the answer").get("devices"), "devices"):
        device_id = _id(of(dict, entry, "a device"), "deviceId")
        kind = next((kind for word, kind in KINDS.items() if word in str(entry.get("type")).lower()), None)
        if kind is None or device_id in known:
            continue
        known.add(device_id)
        yield VendorDevice(
            external_device_id=device_id,
            kind=kind,
            name=str(entry.get("name") or device_id),
            model=entry.get("product"),
            rated_power_w=_amount(entry.get("generatorPower")) or None,
            metadata=entry,
        )


def delivers_on(device: VendorDevice, day: date) -> bool:
    """Whether a device may have readings of a plant-local day: it is active, or was until that day or later."""
    if device.metadata.get("isActive") is not False:
        return True
    until = DAY.match(str(device.metadata.get("deactivatedAt")))
    return until is not None and day.isoformat() <= until[0]


def sets(body: bytes) -> frozenset[str]:
    """The names of the measurement sets that a device has."""
    return frozenset(map(str, of(list, of(dict, loaded(body), "the answer").get("sets"), "sets")))


def _id(entry: dict[str, Any], key: str) -> str:
    if not isinstance(entry.get(key), str | int) or entry[key] == "":
        raise shape(f"an entry has no {key}")
    return str(entry[key])


def _amount(cell: Any) -> float | None:
    """A descriptive number, or None; an unreadable one stays visible in `metadata`."""
    value = number(cell)
    return None if isinstance(value, Flaw) else value
