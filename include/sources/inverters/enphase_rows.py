"""Enphase v4: telemetry answers to raw rows, one row per series or meter and interval.

A label names the end of its interval. Gaps are not delivered: an interval that was asked for and did not come is
`missing` once the gateway has reported since, or after a day; before that it is late and gets no row. A cell that is
no finite number becomes null in its column and is kept, with a rule code, in `unparsed`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.core.records import Site
from include.sources.inverters.cells import Flaw, number
from include.sources.inverters.enphase_gaps import SETTLE, instant, lost
from include.sources.inverters.enphase_lists import loaded, of, shape
from include.sources.inverters.enphase_series import SERIES, Series

RAW_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("external_site_id", pa.string()),
        ("external_device_id", pa.string()),
        ("interval_start", pa.timestamp("us", tz="UTC")),
        ("interval_seconds", pa.int32()),
        ("energy", pa.float64()),
        ("power", pa.float64()),
        ("devices_reporting", pa.int32()),
        ("total_devices", pa.int32()),
        ("current_power_w", pa.float64()),
        ("channels", pa.string()),
        ("import_wh", pa.float64()),
        ("export_wh", pa.float64()),
        ("consumption_wh", pa.float64()),
        ("quality", pa.string()),
        ("unparsed", pa.string()),
    ]
)
TELEMETRY = re.compile(r"/systems/[^/]+/(.+)$")
LARGEST_COUNT = 2**31

Row = dict[str, Any]
Point = tuple[str, str, Mapping[str, Any]]


def parse(body: bytes, request: Mapping[str, Any], site: Site) -> Iterator[Row]:
    """Turn one telemetry answer into rows of RAW_SCHEMA, ordered by device and interval.

    Pure. Intervals that were not closed when the answer was fetched are left for a later run.
    """
    payload = loaded(body)
    name, series = _series(request["path"])
    rows = _delivered(payload, name, series, site, datetime.fromisoformat(request["fetched_at"]))
    has = {(row["external_device_id"], row["interval_start"]) for row in rows.values()}
    devices = sorted(_expected(payload, name, rows, site))
    for start in lost(payload, request, series.seconds):
        for device in devices:
            if (device, start) not in has:
                rows[device, start, "", 1] = _blank(site, device, series, start) | {"quality": "missing"}
    for row_number, key in enumerate(sorted(rows), start=1):
        unparsed = rows[key]["unparsed"]
        told = json.dumps(unparsed, sort_keys=True, ensure_ascii=False) if unparsed else None
        yield rows[key] | {"row_number": row_number, "unparsed": told}


def _series(path: str) -> tuple[str, Series]:
    """The series that a telemetry path belongs to."""
    found = TELEMETRY.search(path)
    for name, series in SERIES.items():
        if found and found[1] == series.path:
            return name, series
    raise shape(f"{path} is not a telemetry call")


def _delivered(payload: Row, name: str, series: Series, site: Site, fetched_at: datetime) -> dict[tuple, Row]:
    """The rows of the delivered intervals that are closed, by device, start and copy."""
    step = timedelta(seconds=series.seconds)
    reporting = _reporting(payload, series)
    rows: dict[tuple, Row] = {}
    parts: dict[tuple, dict[str, Any]] = {}
    copies: Counter[tuple] = Counter()
    for device, part, point in _points(payload, name, series, site):
        end = instant(point.get("end_at"))
        if isinstance(end, datetime) and end + SETTLE > fetched_at:
            continue
        copies[device, part, end] += 1  # a repeated point gets a row of its own and is judged as a duplicate
        start = end if isinstance(end, Flaw) else end - step
        key = (device, *_order(start), copies[device, part, end])
        row = rows.setdefault(key, _blank(site, device, series, start))
        _fill(row, series, point)
        _count(row, payload.get("total_devices"), point.get("devices_reporting", reporting.get(end)))
        parts.setdefault(key, {})[part] = point.get("wh_del")
    _grade(rows, parts, series)
    return rows


def _points(payload: Row, name: str, series: Series, site: Site) -> Iterator[Point]:
    """Every delivered point with its device and the part of the interval that it stands for."""
    if name == "rgm_stats":
        for meter in of(list, payload.get("meter_intervals") or [], "meter_intervals"):
            serial = of(str, of(dict, meter, "a meter").get("meter_serial_number"), "meter_serial_number")
            for point in of(list, meter.get("intervals"), f"intervals of {serial}"):
                yield serial, str(of(dict, point, "an interval").get("channel")), point
        return
    for index, point in enumerate(of(list, payload.get("intervals"), "intervals")):
        is_nested = series.is_split and isinstance(point, list)
        for inner in point if is_nested else [point]:
            yield site.pseudo_device(name), str(index) if is_nested else "", of(dict, inner, "an interval")


def _reporting(payload: Row, series: Series) -> dict[Any, Any]:
    """How many meters reported in each interval, by its end, where the parts do not say so themselves."""
    if not series.is_split:
        return {}
    points = [point for point in payload.get("intervals") or [] if isinstance(point, dict)]
    return {instant(point.get("end_at")): point.get("devices_reporting") for point in points}


def _fill(row: Row, series: Series, point: Mapping[str, Any]) -> None:
    """Add the cells of a point; parts of one interval add up, and one unreadable part spoils the sum."""
    for cell, column in {**series.cells, "curr_w": "current_power_w"}.items():
        value = number(point.get(cell))
        if isinstance(value, Flaw):
            row["unparsed"][column] = {"code": value.code, "text": value.text}
        elif value is not None:
            row[column] = value + (row[column] or 0)
        if column in row["unparsed"]:
            row[column] = None


def _count(row: Row, total: Any, reporting: Any) -> None:
    """Note how many devices the system has and how many took part; what is no count is not believed."""
    for column, cell in (("total_devices", total), ("devices_reporting", reporting)):
        value = number(cell)
        row[column] = int(value) if isinstance(value, float) and 0 <= value < LARGEST_COUNT else None


def _grade(rows: dict[tuple, Row], parts: dict[tuple, dict[str, Any]], series: Series) -> None:
    """Name the quality of each row: a sum that lacks a device or a channel is `estimated`."""
    channels: dict[str, set[str]] = {}
    for key, delivered in parts.items():
        channels.setdefault(key[0], set()).update(_given(delivered))
    for key, row in rows.items():
        if _is_meter(row):
            row["channels"] = json.dumps(parts[key], sort_keys=True, ensure_ascii=False)
            is_partial = _given(parts[key]) < channels[key[0]]
        else:
            is_partial = _lacks_device(row, series)
        came = any(row[column] is not None or column in row["unparsed"] for column in series.cells.values())
        row["quality"] = "missing" if not came else "estimated" if is_partial else "measured"


def _lacks_device(row: Row, series: Series) -> bool:
    """Whether devices are missing in a site's sum; where none reported, its zero is no reading and is taken out."""
    reporting, total = row["devices_reporting"], row["total_devices"]
    if None in {reporting, total}:
        return False
    if reporting == 0 < total and not any(row[column] for column in series.cells.values()):
        row.update(dict.fromkeys(series.cells.values()))
    return reporting < total


def _given(parts: Mapping[str, Any]) -> set[str]:
    return {part for part, value in parts.items() if value is not None}


def _is_meter(row: Row) -> bool:
    return not row["external_device_id"].startswith("site:")


def _expected(payload: Row, name: str, rows: Mapping[tuple, Row], site: Site) -> set[str]:
    """The devices that should have a value in every interval."""
    if name == "rgm_stats":
        listed = {meter["meter_serial_number"] for meter in payload.get("meter_intervals") or []}
        return listed | {device for device in site.devices if not device.startswith("site:")}
    has_nothing = payload.get("total_devices") == 0 and not rows
    return set() if has_nothing else {site.pseudo_device(name)}


def _order(start: datetime | Flaw) -> tuple[datetime, str]:
    """Sort key; rows without a usable time come last, by their text."""
    return (datetime.max.replace(tzinfo=UTC), start.text) if isinstance(start, Flaw) else (start, "")


def _blank(site: Site, device: str, series: Series, start: datetime | Flaw) -> Row:
    row: Row = dict.fromkeys(RAW_SCHEMA.names)
    row |= {
        "external_site_id": site.external_site_id,
        "external_device_id": device,
        "interval_seconds": series.seconds,
        "unparsed": {},
    }
    if isinstance(start, Flaw):
        row["unparsed"]["interval_start"] = {"code": start.code, "text": start.text}
    else:
        row["interval_start"] = start
    return row
