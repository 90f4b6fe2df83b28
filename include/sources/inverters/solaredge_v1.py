"""SolarEdge Monitoring API v1, withdrawn in November 2026: stored answers become readings, nothing is fetched.

Paths:      `/site/{id}/energyDetails`, `powerDetails`, `energy`, `power`, `meters`, `/equipment/{id}/{serial}/data`.
Time:       site-local without offset. A label names the start of its quarter hour or hour; meters and equipment are
            sampled when it suits them (`solaredge_v1_samples.py`).
Units:      Wh and W. Registers of meters and equipment count the lifetime.
No value:   the point has a `date` but no `value`.
Left out:   self-consumption, which follows from the others, and what powerDetails says of other meters.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from include.core.records import Site
from include.sources.inverters.cells import number
from include.sources.inverters.solaredge_lists import loaded, of, shape
from include.sources.inverters.solaredge_rows import (
    ENERGY,
    ENERGY_UNITS,
    POWER,
    SETTLE,
    SITE_METRICS,
    Metric,
    Row,
    blank,
    fill,
    finished,
    order,
)
from include.sources.inverters.solaredge_v1_samples import Rows, Samples
from include.sources.inverters.solaredge_v1_times import on_grid

PATH = re.compile(r"^/(?:site/([^/]+)/(\w+)|equipment/([^/]+)/([^/]+)/data)(?:\.json)?$")
STEPS_S = {"QUARTER_OF_AN_HOUR": 900, "HOUR": 3600}
DETAILS: dict[str, tuple[str, dict[str, Metric]]] = {
    "energyDetails": (
        "energy",
        {
            "production": ENERGY,
            "consumption": Metric("consumption_energy", ENERGY_UNITS, "meter_energy_unit"),
            "feedin": Metric("export_energy", ENERGY_UNITS, "meter_energy_unit"),
            "purchased": Metric("import_energy", ENERGY_UNITS, "meter_energy_unit"),
        },
    ),
    "powerDetails": ("power", {"production": POWER}),
}
REGISTERS = {
    "production": Metric("energy_total", ENERGY_UNITS, "energy_total_unit"),
    "consumption": Metric("consumption_energy_total", ENERGY_UNITS, "meter_energy_unit"),
    "feedin": Metric("export_energy_total", ENERGY_UNITS, "meter_energy_unit"),
    "purchased": Metric("import_energy_total", ENERGY_UNITS, "meter_energy_unit"),
}


def is_v1(path: str) -> bool:
    """Whether a request went to version 1."""
    return path.startswith(("/site/", "/equipment/"))


def parse(body: bytes, request: Mapping[str, Any], site: Site) -> Iterator[Row]:
    """Turn one stored answer into rows of RAW_SCHEMA, ordered by device and interval. Pure.

    What was sampled is `estimated` as a reading of its interval, and so is the only copy of a repeated hour.
    """
    call, serial = _asked(request["path"], site)
    payload, rows = of(dict, loaded(body), "the answer"), Rows()
    if serial:
        samples = Samples(rows, of(list, _part(payload, "data").get("telemetries"), "telemetries"), serial, site)
        samples.put_registers("totalEnergy", REGISTERS["production"], "Wh")
        samples.put_telemetry()
    elif call == "meters":
        _add_meters(rows, _part(payload, "meterEnergyDetails"), site)
    elif call in DETAILS:
        _add_details(rows, _part(payload, call), call, site)
    else:
        series = _part(payload, call)
        _add_series(rows, series, series, SITE_METRICS[call], site.pseudo_device(call), site)
    closed_by = datetime.fromisoformat(request["fetched_at"]) - SETTLE
    closed = [rows[key] for key in sorted(rows) if _is_closed(rows[key], closed_by)]
    for row_number, row in enumerate(closed, start=1):
        is_estimated = serial or call == "meters" or row["is_dst_ambiguous"]
        yield finished(row, row_number, "estimated" if is_estimated else "measured")


def _asked(path: str, site: Site) -> tuple[str, str]:
    """The call behind a path, or the serial number of the equipment that it asks for."""
    found = PATH.search(path)
    site_id, call, equipment_site_id, serial = found.groups(default="") if found else ("", "", "", "")
    if call not in {"", "meters", *DETAILS, *SITE_METRICS} or not (call or serial):
        raise shape(f"{path} is no call of version 1 that holds readings")
    if (site_id or equipment_site_id) != site.external_site_id:
        raise shape(f"the request asks for site {site_id or equipment_site_id}, not {site.external_site_id}")
    return call, unquote(serial)


def _part(payload: Row, name: str) -> Row:
    return of(dict, payload.get(name), name)


def _is_closed(row: Row, closed_by: datetime) -> bool:
    start = row["interval_start"]
    return start is None or start + timedelta(seconds=row["interval_seconds"]) <= closed_by


def _add_details(rows: Rows, details: Row, call: str, site: Site) -> None:
    """The site's own series, one per meter type, together in one row per interval."""
    name, metrics = DETAILS[call]
    for meter in of(list, details.get("meters"), "meters"):
        metric = metrics.get(str(of(dict, meter, "a meter").get("type")).lower())
        if metric:
            _add_series(rows, details, meter, metric, site.pseudo_device(name), site)


def _add_series(rows: Rows, head: Row, series: Row, metric: Metric, device: str, site: Site) -> None:
    """A series on a grid; a repeated label gets a row of its own and is judged as a duplicate."""
    unit, step_s = _unit(head, metric, device), STEPS_S.get(str(head.get("timeUnit")))
    if step_s is None:
        raise shape(f"timeUnit {head.get('timeUnit')!r}, expected one of {', '.join(STEPS_S)}")
    points = [of(dict, point, "a point") for point in of(list, series.get("values"), f"values of {metric.column}")]
    times = Counter()
    for point, place in zip(points, on_grid(points, site.time_zone), strict=True):
        times[place.at] += 1
        key = (device, *order(place.at), times[place.at])
        row = rows.setdefault(key, blank(site, device, place.at) | {"interval_seconds": step_s})
        row["is_dst_ambiguous"] = row["is_dst_ambiguous"] or place.is_ambiguous or None
        fill(row, metric, unit, number(point.get("value")))


def _add_meters(rows: Rows, details: Row, site: Site) -> None:
    """Registers of the site's meters; a meter of import and export comes once for each."""
    for meter in of(list, details.get("meters"), "meters"):
        metric = REGISTERS.get(str(of(dict, meter, "a meter").get("meterType")).lower())
        if metric is None:
            continue
        device = of(str, meter.get("meterSerialNumber"), "meterSerialNumber")
        points = of(list, meter.get("values"), f"values of meter {device}")
        Samples(rows, points, device, site).put_registers("value", metric, _unit(details, metric, device))


def _unit(head: Row, metric: Metric, device: str) -> str:
    """The unit as delivered; an unknown one is refused, never guessed."""
    unit = head.get("unit")
    if not isinstance(unit, str) or unit.upper() not in metric.units:
        raise shape(f"{metric.column} of {device} in {unit!r}, expected one of {', '.join(sorted(metric.units))}")
    return unit
