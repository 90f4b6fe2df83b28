"""Telemetry routes of the Enphase simulator: windows, their errors, and the answer of each series."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from simulators.enphase_plants import Plant, Readings
from simulators.plant import floor

SYSTEM = "/api/v4/systems/{system_id}"
SPANS = {
    "5mins": timedelta(minutes=5),
    "15mins": timedelta(minutes=15),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
LONGEST = timedelta(days=7)
OLDEST = timedelta(days=2 * 365)
Make = Callable[[Plant, datetime, datetime], list[Any]]


class Refusal(Exception):
    """Becomes the vendor's error object."""

    def __init__(self, status: int, message: str, details: str) -> None:
        super().__init__(details)
        self.status, self.body = status, {"message": message, "details": details, "code": status}


def window(
    readings: Readings, plant: Plant, start_at: int | None, end: Callable[[datetime], datetime]
) -> tuple[datetime, datetime]:
    """The window of a call, at most seven days and not beyond now; without start it begins at the site's midnight."""
    now = readings.clock().replace(microsecond=0)
    begin = midnight(plant, now) if start_at is None else datetime.fromtimestamp(start_at, tz=UTC)
    until = min(end(begin), now)
    if not max(plant.operational_at, now - OLDEST) <= begin <= now or until < begin or until - begin > LONGEST:
        first, last = int(plant.operational_at.timestamp()), int(readings.reported_at(plant).timestamp())
        details = f"Requested date range is invalid for this system: first interval {first}, last interval {last}"
        raise Refusal(422, "Unprocessable Entity", details)
    return begin, until


def midnight(plant: Plant, at: datetime) -> datetime:
    """Midnight of the site's day that holds `at`."""
    return datetime.combine(at.astimezone(plant.zone).date(), time(), plant.zone).astimezone(UTC)


def meta(readings: Readings, plant: Plant) -> dict[str, Any]:
    """The state of a system as every answer repeats it."""
    reported = int(readings.reported_at(plant).timestamp())
    return {
        "status": "comm" if plant.system_id in readings.silent_since else "normal",
        "last_report_at": reported,
        "last_energy_at": reported - reported % 300,
        "operational_at": int(plant.operational_at.timestamp()),
    }


def add_telemetry(app: FastAPI, account: list[Any], readings: Readings, plant_of: Callable[..., Plant]) -> None:
    """Mount the series of a system; `plant_of` finds the plant of a call or refuses it."""
    given = Annotated[Plant, Depends(plant_of)]

    def series(total: Callable[[Plant], int], make: Make) -> Callable[..., dict[str, Any]]:
        def answer(
            plant: given, start_at: int | None = None, start_date: date | None = None, granularity: str = "day"
        ) -> dict[str, Any]:
            if granularity not in SPANS:
                raise Refusal(422, "Unprocessable Entity", f"Invalid granularity {granularity}")
            if start_date is not None:
                start_at = int(datetime.combine(start_date, time(), plant.zone).timestamp())
            begin, end = window(readings, plant, start_at, lambda begin: begin + SPANS[granularity])
            return {
                "system_id": plant.system_id,
                "granularity": granularity,
                "total_devices": total(plant),
                **_bounds(plant, begin, end, is_date=start_date is not None),
                "items": "intervals",
                "intervals": make(plant, begin, end),
                "meta": meta(readings, plant),
            }

        return answer

    for path, total, make in (
        ("telemetry/production_micro", lambda plant: len(plant.micros), readings.micros),
        ("telemetry/production_meter", lambda plant: 1, readings.meter),
        ("telemetry/consumption_meter", _grid_meters, readings.consumption),
        ("telemetry/battery", lambda plant: 0, lambda plant, begin, end: []),
        ("energy_import_telemetry", _grid_meters, readings.imported),
        ("energy_export_telemetry", _grid_meters, readings.exported),
    ):
        app.add_api_route(f"{SYSTEM}/{path}", series(total, make), dependencies=account)

    @app.get(SYSTEM + "/devices/micros/{serial}/telemetry", dependencies=account)
    def micro(plant: given, serial: str, start_at: int | None = None, granularity: str = "day") -> dict[str, Any]:
        if serial not in plant.micros:
            raise Refusal(404, "Not Found", f"Device not found for {serial}")
        one = series(lambda plant: 1, lambda plant, begin, end: readings.micro(plant, serial, begin, end))
        answer = one(plant, start_at, None, granularity)
        answer.pop("meta")
        return {"system_id": answer.pop("system_id"), "serial_number": serial, **answer}

    @app.get(SYSTEM + "/rgm_stats", dependencies=account)
    def rgm_stats(plant: given, start_at: int | None = None, end_at: int | None = None) -> dict[str, Any]:
        quarter = None if start_at is None else start_at - start_at % 900
        begin, end = window(
            readings,
            plant,
            quarter,
            lambda begin: begin + LONGEST if end_at is None else datetime.fromtimestamp(end_at, tz=UTC),
        )
        meter = {
            "meter_serial_number": plant.production_meter,
            "envoy_serial_number": plant.gateway,
            "intervals": readings.channels(plant, begin, end),
        }
        return {
            "system_id": plant.system_id,
            "total_devices": 1,
            "meta": meta(readings, plant),
            "intervals": readings.meter(plant, begin, end),
            "meter_intervals": [meter],
        }

    @app.get(SYSTEM + "/latest_telemetry", dependencies=account)
    def latest(plant: given) -> dict[str, Any]:
        return {"system_id": plant.system_id, "items": "devices", "devices": _latest(readings, plant)}


def _grid_meters(plant: Plant) -> int:
    return int(plant.has_grid_meter)


def _bounds(plant: Plant, begin: datetime, end: datetime, *, is_date: bool) -> dict[str, Any]:
    """The window as the answer repeats it: in the form in which it was asked for."""
    if is_date:
        days = {"start_date": begin, "end_date": end}
        return {name: at.astimezone(plant.zone).date().isoformat() for name, at in days.items()}
    return {"start_at": int(begin.timestamp()), "end_at": int(end.timestamp())}


def _latest(readings: Readings, plant: Plant) -> dict[str, list[Any]]:
    """The last value of each meter; null once it is older than seven days."""
    at = readings.reported_at(plant)
    is_known = readings.clock() - at <= LONGEST
    power = readings.quarter_wh(plant, floor(at)) * 4
    meters = [
        {
            "id": plant.system_id * 10 + channel,
            "name": "production",
            "channel": channel,
            "last_report_at": int(at.timestamp()) if is_known else None,
            "power": power // plant.channels if is_known else None,
        }
        for channel in range(1, plant.channels + 1)
    ]
    return {"meters": meters, "encharges": [], "heat-pump": [], "evse": []}
