"""Enphase v4: the system list, the device list, and error objects in place of them."""

import json
from collections.abc import Iterator
from typing import Any

from include.core.errors import UnexpectedPayload
from include.core.records import VendorDevice, VendorSite
from include.http.statuses import error_for
from include.sources.inverters.enphase_series import SERIES

BATTERIES = ("encharges", "acbs")
FIRST_ERROR = 400
SERVER_ERROR = 500


def loaded(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer, error objects refused."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedPayload("enphase: the answer is not JSON", remedy="Look at the stored answer.") from None
    refuse_error_object(payload)
    return of(dict, payload, "the answer")


def refuse_error_object(payload: Any) -> None:
    """Raise when the payload is one of the vendor's three kinds of error, whatever the HTTP status was."""
    if not isinstance(payload, dict):
        return
    status = payload.get("code") or payload.get("reason")
    if "message" in payload and str(status).isdigit() and int(status) >= FIRST_ERROR:
        raise error_for(int(status), words(payload), "enphase")
    if payload.get("errorCode"):
        raise error_for(SERVER_ERROR, words(payload), "enphase")


def words(payload: dict[str, Any]) -> str:
    """What the vendor says about an error: `message` and `details`, or the lists of the other two envelopes."""
    said: list[str] = []
    for key in ("message", "details", "errorMessages"):
        cells = payload.get(key)
        said += [cell for cell in (cells if isinstance(cells, list) else [cells]) if isinstance(cell, str)]
    return ": ".join(said)[:200]


def shape(message: str) -> UnexpectedPayload:
    """The error for an answer that is not as documented."""
    return UnexpectedPayload(
        f"enphase: {message}",
        remedy="The stored answer can be replayed once the adapter knows this shape.",
    )


def of(kind: type, value: Any, what: str) -> Any:
    """Insist on the JSON type of a part of the answer."""
    if not isinstance(value, kind):
        raise shape(f"{what} is {type(value).__name__}, expected {kind.__name__}")
    return value


def systems(body: bytes) -> list[VendorSite]:
    """One page of the system list."""
    return [_site(of(dict, entry, "a system")) for entry in of(list, loaded(body).get("systems"), "systems")]


def is_last_page(body: bytes, known: int) -> bool:
    """Whether a page of the system list is the last one; the vendor may give smaller pages than were asked for."""
    payload = loaded(body)
    size, total = payload.get("size"), payload.get("total")
    if isinstance(total, int) and known >= total:
        return True
    return len(payload["systems"]) < (size if isinstance(size, int) and size > 0 else 1)


def system(body: bytes) -> VendorSite:
    """The metadata of one system."""
    return _site(loaded(body))


def devices(body: bytes, external_site_id: str) -> Iterator[VendorDevice]:
    """The sums of a system that a meter of ours can follow, then its meters, microinverters and batteries, each once.

    `metadata["series"]` names the series that carries a device's readings; a microinverter has none of its own.
    """
    groups = of(dict, loaded(body).get("devices"), "devices")
    listed = {group: [of(dict, entry, group) for entry in groups.get(group) or []] for group in groups}
    meters = [meter for meter in listed.get("meters", []) if str(meter.get("state", "enabled")) == "enabled"]
    yield from _sums(external_site_id, listed, meters)
    known: set[str] = set()
    for kind, series, entries in (
        ("meter", "rgm_stats", [meter for meter in meters if _counts_production(meter)]),
        ("grid_meter", None, [meter for meter in meters if not _counts_production(meter)]),
        ("micro", None, listed.get("micros", [])),
        ("battery", None, [entry for group in BATTERIES for entry in listed.get(group, [])]),
    ):
        for entry in entries:
            serial = of(str, entry.get("serial_number"), "serial_number")
            if serial not in known:
                known.add(serial)
                yield _device(serial, kind, entry | {"series": series})


def _sums(
    external_site_id: str, listed: dict[str, list[dict[str, Any]]], meters: list[dict[str, Any]]
) -> Iterator[VendorDevice]:
    """The site-level series that this system can deliver."""
    has = {
        "micros": bool(listed.get("micros")),
        "production_meter": any(_counts_production(meter) for meter in meters),
        "grid": any(not _counts_production(meter) for meter in meters),
    }
    for name, series in SERIES.items():
        if series.needs and has[series.needs]:
            yield VendorDevice(
                external_device_id=f"site:{external_site_id}:{name}",
                kind="site",
                name=series.title,
                metadata={"series": name},
            )


def _device(serial: str, kind: str, entry: dict[str, Any]) -> VendorDevice:
    return VendorDevice(
        external_device_id=serial,
        kind=kind,
        name=str(entry.get("name") or serial),
        model=entry.get("product_name") or entry.get("model") or None,
        metadata=entry,
    )


def _counts_production(meter: dict[str, Any]) -> bool:
    return str(meter.get("config_type")).lower() == "production"


def _site(entry: dict[str, Any]) -> VendorSite:
    """A system record; `system_size` and the two energies are placeholders (-1) and are not read."""
    if "system_id" not in entry:
        raise shape("a system has no system_id")
    return VendorSite(
        external_site_id=str(entry["system_id"]),
        name=str(entry.get("name") or entry.get("public_name") or entry["system_id"]),
        time_zone=entry.get("timezone"),
        metadata=entry,
    )
