"""GoodWe: answers to raw rows, one per device and interval: quarter hours, and days for the station's day total.

Numbers and units stay as delivered, or as the vendor defines them where the answer has none; SQL converts them. A
cell that is no finite number becomes null in its column and is kept, with a rule code, in `unparsed`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from include.core.records import Site
from include.sources.inverters.cells import Flaw, number
from include.sources.inverters.goodwe_codes import loaded, of, refuse_error, shape
from include.sources.inverters.goodwe_curve import POWER, QUARTER, Quarter, floored, items, quarters
from include.sources.inverters.goodwe_lists import DAY_TOTAL, PSYSTEM
from include.sources.inverters.goodwe_times import starts_at

INTERVAL_SECONDS = 900
DAY_SECONDS = 86400
SETTLE_SECONDS = 180
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
        ("energy_total", pa.float64()),
        ("energy_total_unit", pa.string()),
        ("power", pa.float64()),
        ("power_unit", pa.string()),
        ("quality", pa.string()),
        ("other_metrics", pa.string()),
        ("unparsed", pa.string()),
    ]
)

POWER_UNITS = {"W": "Wh", "KW": "kWh"}
# columns and units by the code of an inverter's factor; the chamber's temperature is not that of the air
COLUMNS = {"pAc": ("power", POWER_UNITS), "proPvStatsTotal": ("energy_total", {"WH", "KWH", "MWH"})}
METRICS = {
    "Temperature": "inverter_temperature_c",
    "Vac": "voltage_v",
    "Iac": "current_a",
    "Fac": "frequency_hz",
}
DAY_ENERGY = "proSystemTotalStats"

Row = dict[str, Any]
Rows = Iterator[Row]


def parse(body: bytes, request: Mapping[str, Any], site: Site) -> Rows:
    """Turn one answer into rows of RAW_SCHEMA, ordered by interval.

    Pure. Intervals that were not closed when the answer was fetched are left for a later run. An inverter's snapshot
    carries no time of its own: it stands in the quarter hour in which it was fetched.
    """
    read = next((read for pattern, read in READERS.items() if re.search(pattern, _call(request))), None)
    if read is None:
        raise shape(f"{request['path']} is no call for readings")
    for row_number, row in enumerate(read(body, request, site), start=1):
        for name in ("other_metrics", "unparsed"):
            row[name] = json.dumps(row[name], sort_keys=True, ensure_ascii=False) if row[name] else None
        yield row | {"row_number": row_number}


def _call(request: Mapping[str, Any]) -> str:
    """What was asked; calls whose path is a setting carry the name by which the vendor's text knows them."""
    return request.get("call") or request["path"]


def _station_curve(body: bytes, request: Mapping[str, Any], site: Site) -> Rows:
    found = quarters(items(loaded(body)), site.time_zone, _fetched_at(request))
    yield from _closed(found, request, site, site.pseudo_device(PSYSTEM), "kW")


def _openapi_curve(body: bytes, request: Mapping[str, Any], site: Site) -> Rows:
    """The day curve of a plant or inverter, `data.pv[]{x,y}` or `data.records[]{time,pv}`; times may lack the date."""
    asked = request["json"]
    data = of(dict, loaded(body), "the curve")
    points = of(list, data.get("pv") if "pv" in data else data.get("records"), "pv")
    dated = [_dated(of(dict, point, "a point"), asked["date"]) for point in points]
    unit = data.get("unit") or request.get("power_unit")
    if str(unit).upper() not in POWER_UNITS:
        raise shape(f"power in {unit!r}; GOODWE_OPENAPI_POWER_UNIT says W or kW where the answer does not")
    device = asked.get("invertersn") or site.pseudo_device(PSYSTEM)
    yield from _closed(quarters({POWER: dated}, site.time_zone, _fetched_at(request)), request, site, device, unit)


def _dated(point: Mapping[str, Any], day: str) -> dict[str, Any]:
    name = "x" if "x" in point else "time"
    at = point.get(name)
    return (
        {**point, name: f"{day} {at}"} if isinstance(at, str) and re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", at) else point
    )


def _closed(found: list[Quarter], request: Mapping[str, Any], site: Site, device: str, unit: str) -> Rows:
    """The rows of those quarter hours that were closed when the answer was fetched."""
    for quarter in found:
        if isinstance(quarter.start, Flaw) or quarter.start + QUARTER + SETTLE <= _fetched_at(request):
            yield _quarter_row(quarter, site, device, unit)


def _quarter_row(quarter: Quarter, site: Site, device: str, unit: str) -> Row:
    row = _blank(site, device, quarter.start, INTERVAL_SECONDS)
    row["other_metrics"] = {"sample_count": quarter.count, **quarter.accompanying}
    if quarter.is_ambiguous:
        row["other_metrics"]["dst_ambiguous"] = True
    if quarter.flaw:
        _put(row, "power", quarter.flaw)
    elif quarter.is_whole:
        row |= {"power": quarter.mean, "power_unit": unit, "quality": "estimated"}
        row |= {"energy": quarter.mean * (QUARTER / timedelta(hours=1)), "energy_unit": POWER_UNITS[unit.upper()]}
    elif quarter.count:
        row["other_metrics"][f"mean_of_samples_{unit.lower()}"] = quarter.mean
    return row


def _day_total(body: bytes, request: Mapping[str, Any], site: Site) -> Rows:
    """The energy of whole local days; zero stands for "no reading" here, so it is missing like null."""
    for day, cell, unit in _days(of(dict, loaded(body), "the day"), request):
        if starts_at(day + timedelta(days=1), site.time_zone) + SETTLE > _fetched_at(request):
            continue
        if str(unit).upper() not in {"WH", "KWH", "MWH"}:
            raise shape(f"{DAY_ENERGY} in {unit!r}, expected kWh")
        row = _blank(site, site.pseudo_device(DAY_TOTAL), starts_at(day, site.time_zone), DAY_SECONDS)
        energy = number(cell)
        if energy != 0:
            _put(row, "energy", energy, unit)
        yield row | ({"quality": "measured"} if row["energy"] is not None else {})


def _days(data: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[tuple[date, Any, str]]:
    """Day, energy and unit of each day in an answer of `production`, or of `statistics` by day."""
    asked = request.get("json") or {}
    if asked.get("dimension", "day") != "day":
        raise shape(f"energy by {asked['dimension']}, expected by day")
    if "dataList" not in data:
        yield _date(asked.get("startTime")), data.get(DAY_ENERGY), data.get("unit") or "kWh"
        return
    for entry in of(list, data["dataList"], "dataList"):
        if of(dict, entry, "an item").get("item") == DAY_ENERGY:
            for point in of(list, entry.get("statisticsList") or [], "statisticsList"):
                yield _date(of(dict, point, "a day").get("date")), point.get("val"), entry.get("unit")


def _date(text: Any) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise shape(f"{text!r} is no day") from None


def _snapshot(body: bytes, request: Mapping[str, Any], site: Site) -> Rows:
    """What an inverter showed when it was asked: one answer, or several of the same moment as a JSON array."""
    device = unquote(re.search(EQUIPMENT, request["path"])[1])
    row = _blank(site, device, floored(_fetched_at(request)), INTERVAL_SECONDS)
    for data in _parts(body):
        for factor in _factors(data):
            _put_factor(row, factor)
    yield _graded(row)


def _openapi_inverter(body: bytes, request: Mapping[str, Any], site: Site) -> Rows:
    """The register of an inverter at the OpenAPI, in kWh by the vendor's text."""
    data = of(dict, loaded(body), "the inverter")
    device = str(request["query"]["invertersn"])
    row = _blank(site, device, floored(_fetched_at(request)), INTERVAL_SECONDS)
    _put(row, "energy_total", number(data.get("total_generation")), "kWh")
    yield _graded(row)


def _parts(body: bytes) -> list[Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise shape("the answer is not JSON") from None
    answers = payload if isinstance(payload, list) else [payload]
    for answer in answers:
        refuse_error(answer)
    return [answer["data"] for answer in answers]


def _factors(data: Any) -> Iterator[Mapping[str, Any]]:
    for group in of(list, data, "the groups"):
        for factor in of(list, of(dict, group, "a group").get("factors") or [], "factors"):
            yield of(dict, factor, "a factor")


def _put_factor(row: Row, factor: Mapping[str, Any]) -> None:
    """A factor without `data` is unavailable; its numbers are texts."""
    code, value = factor.get("code"), number(factor.get("data") or None)
    if value is None:
        return
    if code in COLUMNS:
        column, units = COLUMNS[code]
        unit = factor.get("unit")
        if str(unit).upper() not in units:
            raise shape(f"{code} in {unit!r}, expected one of {', '.join(sorted(units))}")
        _put(row, column, value, unit)
    elif code in METRICS and not isinstance(value, Flaw):
        row["other_metrics"][METRICS[code]] = value


def _graded(row: Row) -> Row:
    """A snapshot is a reading of a moment, not of the interval, so nothing in it is better than estimated."""
    has_value = row["power"] is not None or row["energy_total"] is not None
    return row | {"quality": "estimated" if has_value else "missing"}


def _blank(site: Site, device: str, start: datetime | Flaw, seconds: int) -> Row:
    row: Row = dict.fromkeys(RAW_SCHEMA.names)
    row |= {
        "external_site_id": site.external_site_id,
        "external_device_id": device,
        "interval_seconds": seconds,
        "quality": "missing",
        "other_metrics": {},
        "unparsed": {},
    }
    _put(row, "interval_start", start)
    return row


def _put(row: Row, column: str, value: Any, unit: str | None = None) -> None:
    if isinstance(value, Flaw):
        row["unparsed"][column] = {"code": value.code, "text": value.text}
        return
    row[column] = value
    if unit and value is not None:
        row[f"{column}_unit"] = unit


def _fetched_at(request: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(request["fetched_at"])


EQUIPMENT = r"/equipments/([^/]+)(?:/(?:telemetry|telecounting))?$"
READERS: dict[str, Callable[[bytes, Mapping[str, Any], Site], Rows]] = {
    r"/power/statisticsAndPreV2$": _station_curve,
    r"/stations/(production|statistics)$": _day_total,
    EQUIPMENT: _snapshot,
    r"GetInverterBySN$": _openapi_inverter,
    r"Get(Inverter|Plant)Generation$": _openapi_curve,
}
