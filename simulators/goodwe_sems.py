"""The calls of the SEMS+ gateway that the GoodWe simulator answers, with the vendor's answer shapes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from simulators.goodwe_plants import MINUTE, STATIONS, Inverter, Readings, Station
from simulators.goodwe_sessions import Refusal

LONGEST_SPAN = timedelta(days=31)
TIME_FORM = "%Y-%m-%d %H:%M:%S"
DEVICE_ORDER = ("INVERTER", "SMART_METER", "BAT_SYS")
CONSUMPTION_KW = Decimal("0.4")

Answer = Callable[[Any], dict[str, Any]]
FindStation = Callable[[str], Station]


class PageAsked(BaseModel):
    """Body of the station list."""

    current: int = 1
    size: int = 15


class CurveAsked(BaseModel):
    """Body of the power statistic."""

    stationId: str
    items: list[str] = ["pSystem"]
    timeScale: int = 1
    timeZone: int
    startTime: str
    endTime: str


class ProductionAsked(BaseModel):
    """Body of the energy statistics."""

    stationId: str
    items: list[str] = []
    dimension: str
    startTime: str
    endTime: str


def add_sems(
    app: FastAPI, gateway: str, member: list[Any], readings: Readings, answer: Answer, station: FindStation
) -> None:
    """Serve the gateway's calls below its path."""
    plant = f"{gateway}/sems-plant/api"
    options = {"dependencies": member}

    @app.post(f"{plant}/portal/stations/page", **options)
    def stations(asked: PageAsked) -> dict[str, Any]:
        listed = list(STATIONS.values())[(asked.current - 1) * asked.size : asked.current * asked.size]
        entries = [_entry(found, readings) for found in listed]
        page = {"size": asked.size, "current": asked.current, "total": len(STATIONS), "extras": {}}
        return answer({"dataList": entries, **page})

    @app.get(f"{plant}/stations/device/all-status", **options)
    def devices(stationId: str) -> dict[str, Any]:
        return answer({"deviceDetailList": _devices(station(stationId))})

    @app.get(f"{plant}/stations/flow", **options)
    def flow(stationId: str) -> dict[str, Any]:
        found = station(stationId)
        now = readings.clock().astimezone(found.zone)
        return answer({**_flows(found, readings.now_kw(found)), "refreshTime": now.strftime(TIME_FORM)})

    @app.post(f"{plant}/v1/hems/power/statisticsAndPreV2", **options)
    def curve(asked: CurveAsked) -> dict[str, Any]:
        found = station(asked.stationId)
        if asked.timeScale != 1 or not -12 <= asked.timeZone <= 14:
            raise Refusal("100004", "Parameter error")
        return answer({"dataList": _curves(found, readings, asked.items, *_span(found, asked))})

    @app.post(f"{plant}/stations/production", **options)
    def production(asked: ProductionAsked) -> dict[str, Any]:
        days = _days(station(asked.stationId), asked)
        total = sum((readings.day_kwh(station(asked.stationId), day) for day in days), Decimal(0))
        return answer({"proSystemTotalStats": round(float(total), 2), "profitProStats": round(float(total) * 0.3, 2)})

    @app.post(f"{plant}/stations/statistics", **options)
    def statistics(asked: ProductionAsked) -> dict[str, Any]:
        days = _days(station(asked.stationId), asked)
        values = [(day, round(float(readings.day_kwh(station(asked.stationId), day)), 2)) for day in days]
        points = [{"date": day.isoformat(), "val": value} for day, value in values]
        item = {"item": "proSystemTotalStats", "unit": "kWh", "statisticsList": points}
        return answer({"production": sum(value for _, value in values), "dataList": [item], "hasProfit": False})

    @app.get(plant + "/equipments/{serial}/telemetry", **options)
    def telemetry(serial: str, deviceType: str, pwId: str) -> dict[str, Any]:
        found = station(pwId)
        return answer(_telemetry(found, _inverter(found, serial, deviceType), readings))

    @app.get(plant + "/equipments/{serial}/telecounting", **options)
    def telecounting(serial: str, deviceType: str, pwId: str) -> dict[str, Any]:
        found = station(pwId)
        return answer(_telecounting(found, _inverter(found, serial, deviceType), readings))


def _entry(station: Station, readings: Readings) -> dict[str, Any]:
    today = readings.clock().astimezone(station.zone).date()
    return {
        "id": station.station_id,
        "name": station.name,
        "status": "1",
        "googleAddress": "",
        "installedPower": station.installed_kw,
        "isCollected": False,
        "isShared": False,
        "powerStationTypeWeb": 1,
        "pvInstallP": station.installed_kw,
        "createTime": "2016-06-01 08:00:00",
        "remark": "",
        "productionToday": round(float(readings.day_kwh(station, today)), 2),
        "pSystem": round(float(readings.now_kw(station)), 3),
        "timeZone": station.zone.key,
    }


def _devices(station: Station) -> list[dict[str, Any]]:
    listed = [("INVERTER", inverter.serial) for inverter in station.inverters] + list(station.others)
    groups = []
    for kind in DEVICE_ORDER:
        details = {
            serial: {"name": f"{kind} {serial[-4:]}", "subtype": "GW-REPLAY"} for k, serial in listed if k == kind
        }
        if details:
            states = [{"status": 1, "snList": list(details), "detailMap": details}]
            groups.append({"deviceType": kind, "statusDetailList": states})
    return groups


def _flows(station: Station, power_kw: Decimal | None) -> dict[str, float | None]:
    """The station's flows at one moment: grid positive for export, battery positive for discharge."""
    if power_kw is None:
        return dict.fromkeys(("pSystem", "pAc", "pGrid", "pConsum", "pBat", "soc"))
    has_battery = any(kind == "BAT_SYS" for kind, _ in station.others)
    flows = {"pSystem": power_kw, "pAc": power_kw, "pGrid": power_kw - CONSUMPTION_KW, "pConsum": CONSUMPTION_KW}
    return {name: float(value) for name, value in flows.items()} | {"pBat": 0.0, "soc": 55.0 if has_battery else 0.0}


def _curves(
    station: Station, readings: Readings, items: list[str], begin: datetime, end: datetime
) -> list[dict[str, Any]]:
    samples = [
        (at.astimezone(station.zone).strftime(TIME_FORM), _flows(station, power))
        for at, power in readings.minutes(station, begin, end)
    ]
    curves = []
    for item in items:
        points = [{"tp": label, "power": flows.get(item)} for label, flows in samples]
        curves.append(
            {"item": item, "powerData": [p if p["power"] is not None else p | {"isCE": True} for p in points]}
        )
    return curves


def _span(station: Station, asked: CurveAsked) -> tuple[datetime, datetime]:
    """The instants of a window in local time; its end is included, and it means the later of two."""
    try:
        begin, end = (datetime.strptime(text, TIME_FORM) for text in (asked.startTime, asked.endTime))
    except ValueError:
        raise Refusal("100004", "Parameter error") from None
    begin = begin.replace(tzinfo=station.zone).astimezone(UTC)
    end = end.replace(tzinfo=station.zone, fold=1).astimezone(UTC)
    if not begin <= end <= begin + LONGEST_SPAN:
        raise Refusal("100004", "Parameter error")
    return begin, end.replace(second=0) + MINUTE


def _days(station: Station, asked: ProductionAsked) -> list[date]:
    if asked.dimension != "day":
        raise Refusal("S0327", "Statistics dimension error")
    try:
        first, last = (date.fromisoformat(text[:10]) for text in (asked.startTime, asked.endTime))
    except ValueError:
        raise Refusal("100004", "Parameter error") from None
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _inverter(station: Station, serial: str, device_type: str) -> Inverter:
    found = next((inverter for inverter in station.inverters if inverter.serial == serial), None)
    if found is None or device_type != "INVERTER":
        raise Refusal("100004", "Parameter error")
    return found


def _telemetry(station: Station, inverter: Inverter, readings: Readings) -> list[dict[str, Any]]:
    power_kw = _inverter_kw(station, inverter, readings)
    return [
        _group("system", ("sn", inverter.serial, None), ("hTotal", "30353", "H"), ("Temperature", "29.2", "℃")),
        _group(
            "ac",
            ("pAc", f"{power_kw:.3f}", "kW"),
            ("qAc", "-0.001", "kVar"),
            ("Vac", "233.3", "V"),
            ("Iac", f"{power_kw * 1000 / Decimal('233.3'):.1f}", "A"),
            ("Fac", "49.95", "Hz"),
        ),
        _group("pv", ("ISOLimit", None, "kOhm"), ("MPPT-1:Ppv", f"{power_kw:.5f}", "kW"), ("MPPT-1:Vpv", "319.8", "V")),
    ]


def _telecounting(station: Station, inverter: Inverter, readings: Readings) -> list[dict[str, Any]]:
    power_kw, counted = _inverter_kw(station, inverter, readings), readings.registers_kwh(station, inverter)
    real = ("pAc", f"{power_kw:.3f}", "kW"), ("ratedPower", str(inverter.rated_kw), "kW")
    names = {"Total": "lifetime"}
    return [_group("telecounting_real", *real)] + [
        _group(f"telecounting_{names.get(period, period.lower())}", (f"proPvStats{period}", f"{value:.2f}", "kWh"))
        for period, value in counted.items()
    ]


def _inverter_kw(station: Station, inverter: Inverter, readings: Readings) -> Decimal:
    return readings.now_kw(station) * inverter.share / station.share


def _group(code: str, *factors: tuple[str, str | None, str | None]) -> dict[str, Any]:
    """A group of factors; one that has no value has no `data` either."""
    listed = []
    for name, data, unit in factors:
        kind = "STRING" if name == "sn" else "NUMERIC"
        factor = {"code": name, "data": data, "dataType": kind, "hiddenInMore": False, "unit": unit, "alias": name}
        listed.append({key: value for key, value in factor.items() if value is not None})
    return {"code": code, "alias": code, "factors": listed}
