"""SMA: measurement answers to raw rows, one row per series and interval.

The body does not say whether a generation is watts or watt-hours: the query's `ReturnEnergyValues` does. Fields
without a value are left out by the vendor, and so are intervals; between the first and the last interval of a day
the left-out ones become `missing`, before and after them the inverter was off.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.core.clock import zone
from include.core.errors import ConfigurationError, UnexpectedPayload
from include.core.records import Site
from include.sources.inverters.cells import Flaw, number
from include.sources.inverters.sma_labels import End, ends
from include.sources.inverters.sma_lists import loaded, of, shape
from include.sources.inverters.sma_sets import MEASURES, SETS, columns

SETTLE_SECONDS = 300
SETTLE = timedelta(seconds=SETTLE_SECONDS)

RAW_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("external_site_id", pa.string()),
        ("external_device_id", pa.string()),
        ("interval_start", pa.timestamp("us", tz="UTC")),
        ("interval_seconds", pa.int32()),
        ("energy_wh", pa.float64()),
        ("power_w", pa.float64()),
        ("irradiance_wm2", pa.float64()),
        ("temperature_c", pa.float64()),
        ("quality", pa.string()),
        ("other_metrics", pa.string()),
        ("unparsed", pa.string()),
    ]
)

PATH = re.compile(r"/(plants|devices)/([^/]+)/measurements/sets/([^/]+)/(?:Recent|Day|Week)$")
SERIAL = re.compile(r"\bSN[:. ]*([0-9A-Z]{6,})", re.ASCII)  # within a device's name
RESOLUTIONS_S = {"OneMinute": 60, "FiveMinutes": 300, "TenMinutes": 600, "FifteenMinutes": 900, "OneHour": 3600}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Series:
    """What one answer is about.

    columns: the vendor's fields and our name for each
    day:     the plant-local date that was asked for
    shared:  what every row says alike
    """

    columns: Mapping[str, str]
    points: list[Row]
    step: timedelta
    zone: str
    day: date | None
    fetched_at: datetime
    shared: Row
    serial: str | None

    def ends(self) -> list[End]:
        """Where the interval of each point ends."""
        return ends([point.get("time") for point in self.points], self.zone, self.fetched_at)

    def is_open(self, end: End) -> bool:
        """Whether an interval was not settled yet when the answer was fetched."""
        return isinstance(end.at, datetime) and end.at + SETTLE > self.fetched_at

    def is_of_day_before(self, end: End) -> bool:
        """Whether a label at the very start of the asked day closes the day before, whose own call has it too."""
        return self.day is not None and end.label == datetime.combine(self.day, datetime.min.time())


def parse(body: bytes, request: Mapping[str, Any], site: Site) -> Iterator[Row]:
    """Turn one measurement answer into rows of RAW_SCHEMA in order of time.

    Pure. Intervals that were not settled when the answer was fetched are left for a later run.
    """
    series = _series(loaded(body), request, site)
    rows = [
        _row(series, end, point)
        for end, point in zip(series.ends(), series.points, strict=True)
        if not series.is_open(end) and not series.is_of_day_before(end)
    ]
    rows += [_missing(series, start) for start in _gaps(series, rows)]
    rows.sort(key=lambda row: row["interval_start"] or datetime.max.replace(tzinfo=UTC))
    for row_number, row in enumerate(rows, start=1):
        yield row | {"row_number": row_number}


def has_open_intervals(body: bytes, request: Mapping[str, Any], site: Site) -> bool:
    """Whether a later look at the same bytes gives more rows, because more intervals are settled then."""
    try:
        series = _series(loaded(body), request, site)
    except UnexpectedPayload:
        return False  # it lands as it is, and parsing says what is wrong
    return any(series.is_open(end) for end in series.ends())


def _series(payload: Any, request: Mapping[str, Any], site: Site) -> Series:
    asked = PATH.search(request["path"])
    if asked is None or asked[3] not in SETS:
        raise shape(f"{request['path']} is no measurement call of ours")
    kind, asked_id, set_name = asked.groups()
    if of(dict, payload, "the answer").get("setType", set_name) != set_name:
        raise shape(f"the answer holds {payload['setType']!r}, {set_name} was asked for")
    plant, device = (of(dict, payload.get(key) or {}, key) for key in ("plant", "device"))
    points = [of(dict, point, "a point") for point in of(list, payload.get("set") or [], "set")]
    if points and payload.get("resolution") not in RESOLUTIONS_S:
        raise shape(f"resolution {payload.get('resolution')!r}, expected one of {', '.join(RESOLUTIONS_S)}")
    seconds = RESOLUTIONS_S[payload["resolution"]] if points else 0
    query = request.get("query") or {}
    is_energy = str(query.get("ReturnEnergyValues")).lower() == "true"
    device_id = site.pseudo_device("energy_balance") if kind == "plants" else str(device.get("deviceId") or asked_id)
    serial = SERIAL.search(str(device.get("name")))
    return Series(
        columns=columns(set_name, is_energy),
        points=points,
        step=timedelta(seconds=seconds),
        zone=_known_zone(device.get("timezone") or plant.get("timezone") or site.time_zone),
        day=date.fromisoformat(query["Date"]) if query.get("Date") else None,
        fetched_at=datetime.fromisoformat(request["fetched_at"]),
        shared={
            "external_site_id": site.external_site_id,
            "external_device_id": device_id,
            "interval_seconds": seconds,
        },
        serial=serial[1] if serial else None,
    )


def _known_zone(name: Any) -> str:
    """The zone of the plant as the answer names it; local times in an unknown one are not guessed at."""
    try:
        return zone(str(name)).key
    except ConfigurationError:
        raise shape(f"the plant lies in an unknown time zone, {name!r}") from None


def _row(series: Series, end: End, point: Row) -> Row:
    row: Row = dict.fromkeys(RAW_SCHEMA.names) | series.shared
    other: Row = {}
    unparsed: dict[str, Flaw] = {}
    came = False
    if isinstance(end.at, Flaw):
        unparsed["interval_start"] = end.at
    else:
        row["interval_start"] = end.at - series.step
    for field, column in series.columns.items():
        value = number(point.get(field))
        if isinstance(value, Flaw):
            unparsed[column] = value
        elif column in row:
            row[column] = value
        elif value is not None:
            other[column] = value
        came |= value is not None and column in MEASURES
    if came and series.serial:
        other["device_serial"] = series.serial
    if end.is_ambiguous:
        other["dst_ambiguous"] = True
    row["quality"] = ("estimated" if end.is_ambiguous else "measured") if came else "missing"
    row["other_metrics"] = _json(other)
    row["unparsed"] = _json({column: {"code": flaw.code, "text": flaw.text} for column, flaw in unparsed.items()})
    return row


def _gaps(series: Series, rows: list[Row]) -> Iterator[datetime]:
    """Starts of the intervals that are left out between the first and the last one of the asked day."""
    where = zone(series.zone)
    known = {row["interval_start"] for row in rows if row["interval_start"]}
    known = {start for start in known if start.astimezone(where).date() == series.day}
    if not known:
        return
    first, last = min(known), max(known)
    if any((start - first) % series.step for start in known):
        return  # the device keeps no grid, so nobody can say which intervals are left out
    start = first + series.step
    while start < last:
        if start not in known:
            yield start
        start += series.step


def _missing(series: Series, start: datetime) -> Row:
    return dict.fromkeys(RAW_SCHEMA.names) | series.shared | {"interval_start": start, "quality": "missing"}


def _json(values: Mapping[str, Any]) -> str | None:
    return json.dumps(values, sort_keys=True, ensure_ascii=False) if values else None
