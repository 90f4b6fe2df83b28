"""SolarEdge v2: telemetry answers to raw rows, one row per device and quarter hour.

Numbers and units stay as delivered; SQL converts them through the unit table. A cell that is no finite
number becomes null in its column and is kept, with a rule code, in `unparsed`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.core.records import Site
from include.sources.inverters.cells import Flaw, instant, number
from include.sources.inverters.solaredge_lists import loaded, of, shape

INTERVAL_SECONDS = 900
SETTLE_SECONDS = 90
INTERVAL = timedelta(seconds=INTERVAL_SECONDS)
SETTLE = timedelta(seconds=SETTLE_SECONDS)

RAW_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("external_site_id", pa.string()),
        ("external_device_id", pa.string()),
        ("interval_start", pa.timestamp("us", tz="UTC")),
        ("interval_seconds", pa.int32()),
        ("energy", pa.float64()),
        ("energy_unit", pa.string()),
        ("power", pa.float64()),
        ("power_unit", pa.string()),
        ("voltage_v", pa.float64()),
        ("current_a", pa.float64()),
        ("frequency_hz", pa.float64()),
        ("import_energy", pa.float64()),
        ("export_energy", pa.float64()),
        ("consumption_energy", pa.float64()),
        ("meter_energy_unit", pa.string()),
        ("state_of_energy_percent", pa.float64()),
        ("quality", pa.string()),
        ("unparsed", pa.string()),
        # version 1 only: registers, the inverter's own temperature, and the repeated hour of local times
        ("energy_total", pa.float64()),
        ("energy_total_unit", pa.string()),
        ("import_energy_total", pa.float64()),
        ("export_energy_total", pa.float64()),
        ("consumption_energy_total", pa.float64()),
        ("inverter_temperature_c", pa.float64()),
        ("is_dst_ambiguous", pa.bool_()),
    ]
)

ENERGY_UNITS = frozenset({"WH", "KWH", "MWH", "GWH"})
POWER_UNITS = frozenset({"W", "KW", "MW", "GW"})


@dataclass(frozen=True, slots=True)
class Metric:
    """Where a vendor's metric goes. Without `unit_column` every unit in `units` means the column's own unit."""

    column: str
    units: frozenset[str]
    unit_column: str | None = None
    names_end: bool = False


ENERGY = Metric("energy", ENERGY_UNITS, "energy_unit")
POWER = Metric("power", POWER_UNITS, "power_unit")
METRICS: dict[str, dict[str, Metric]] = {
    "inverters": {
        "energy": ENERGY,
        "power": POWER,
        "voltage": Metric("voltage_v", frozenset({"VOLT", "V"}), names_end=True),
        "current": Metric("current_a", frozenset({"AMPERE", "A"})),
        "frequency": Metric("frequency_hz", frozenset({"HERTZ", "HZ"}), names_end=True),
    },
    "meters": {
        "productionEnergy": ENERGY,
        "productionPower": POWER,
        "importEnergy": Metric("import_energy", ENERGY_UNITS, "meter_energy_unit"),
        "exportEnergy": Metric("export_energy", ENERGY_UNITS, "meter_energy_unit"),
        "consumptionEnergy": Metric("consumption_energy", ENERGY_UNITS, "meter_energy_unit"),
    },
    "storage": {"stateOfEnergy": Metric("state_of_energy_percent", frozenset({"PERCENTAGE", "PERCENT", "%"}))},
}
SITE_METRICS = {"energy": ENERGY, "power": POWER}
MEASURES = (
    "energy", "power", "import_energy", "export_energy", "consumption_energy", "state_of_energy_percent",
    "energy_total", "import_energy_total", "export_energy_total", "consumption_energy_total",
)  # fmt: skip
KIND = re.compile(r"/sites/[^/]+/(?:(inverters|meters|storage)/(?:[^/]+/)?telemetry|(energy|power))$")

Row = dict[str, Any]


def parse(body: bytes, request: Mapping[str, Any], site: Site) -> Iterator[Row]:
    """Turn one telemetry answer into rows of RAW_SCHEMA, ordered by device and interval.

    Pure. Intervals that were not closed when the answer was fetched are left for a later run.
    """
    fetched_at = datetime.fromisoformat(request["fetched_at"])
    asked_from = instant(request["query"].get("from"))
    rows: dict[tuple, Row] = {}
    for device, metric, series in _series(loaded(body), request["path"], site):
        unit = _unit(series, metric, device)
        times = Counter()
        for point in of(list, series.get("values"), f"values of {metric.column}"):
            start = instant(of(dict, point, "a point").get("timestamp"))
            if isinstance(start, datetime):
                start -= INTERVAL if metric.names_end else timedelta(0)
                if start + INTERVAL + SETTLE > fetched_at or _belongs_to_earlier_call(start, metric, asked_from):
                    continue
            times[start] += 1  # a repeated point gets a row of its own and is judged as a duplicate
            key = (device, *order(start), times[start])
            row = rows.setdefault(key, blank(site, device, start))
            fill(row, metric, unit, number(point.get("value")))
    for row_number, key in enumerate(sorted(rows), start=1):
        yield finished(rows[key], row_number)


def _series(payload: Any, path: str, site: Site) -> Iterator[tuple[str, Metric, Row]]:
    """Every known series of an answer with its device; a device may lack any of them."""
    kind = KIND.search(path)
    if kind is None:
        raise shape(f"{path} is not a telemetry call")
    group, name = kind.groups()
    if payload == []:
        return
    of(dict, payload, "the answer")
    if name:
        yield site.pseudo_device(name), SITE_METRICS[name], payload
        return
    devices = payload.get(group)
    if devices == []:
        return
    for device, metrics in of(dict, devices, group).items():
        of(dict, metrics, f"device {device}")
        for metric_name, metric in METRICS[group].items():
            if metric_name in metrics:
                yield device, metric, of(dict, metrics[metric_name], metric_name)


def _unit(series: Row, metric: Metric, device: str) -> str:
    """The unit of a series as delivered; an unknown one is refused, never guessed."""
    unit = series.get("unit")
    if not isinstance(unit, str) or unit.upper() not in metric.units:
        raise shape(f"{metric.column} of {device} in {unit!r}, expected one of {', '.join(sorted(metric.units))}")
    if series.get("resolution", "QUARTER_HOUR") != "QUARTER_HOUR":
        raise shape(f"{metric.column} of {device} at {series['resolution']!r}, expected QUARTER_HOUR")
    return unit


def _belongs_to_earlier_call(start: datetime, metric: Metric, asked_from: datetime | Flaw) -> bool:
    """Whether an end label at the very start of the window names the interval before it."""
    return metric.names_end and isinstance(asked_from, datetime) and start < asked_from


def order(start: datetime | Flaw) -> tuple[datetime, str]:
    """Sort key: rows without a usable time come last, by their text."""
    if isinstance(start, Flaw):
        return datetime.max.replace(tzinfo=UTC), start.text
    return start, ""


def blank(site: Site, device: str, start: datetime | Flaw) -> Row:
    """A row without values."""
    row: Row = dict.fromkeys(RAW_SCHEMA.names)
    row |= {
        "external_site_id": site.external_site_id,
        "external_device_id": device,
        "interval_seconds": INTERVAL_SECONDS,
        "unparsed": {},
    }
    put(row, "interval_start", start)
    return row


def fill(row: Row, metric: Metric, unit: str, value: float | Flaw | None) -> None:
    """Put a metric's value and unit into a row; energies that share a unit column must agree on it."""
    put(row, metric.column, value)
    if metric.unit_column is None:
        return
    if row[metric.unit_column] not in {None, unit}:
        raise shape(f"{metric.column} in {unit!r} beside other energies in {row[metric.unit_column]!r}")
    row[metric.unit_column] = unit


def put(row: Row, column: str, value: Any) -> None:
    """Put a cell into its column, or what is wrong with it beside the row."""
    if isinstance(value, Flaw):
        row["unparsed"][column] = {"code": value.code, "text": value.text}
    else:
        row[column] = value


def finished(row: Row, row_number: int, quality: str = "measured") -> Row:
    """Number the row and name its quality: `missing` where only accompanying values, or nulls, came."""
    came = any(row[name] is not None or name in row["unparsed"] for name in MEASURES)
    row["row_number"] = row_number
    row["quality"] = quality if came else "missing"
    row["unparsed"] = json.dumps(row["unparsed"], sort_keys=True, ensure_ascii=False) if row["unparsed"] else None
    return row
