"""The OpenAPI calls that the GoodWe simulator answers.

Only names and fields that public clients show are the vendor's; the station list, its path and the unit beside the
curves are inventions of this simulator, because the vendor's document is not public.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel

from simulators.goodwe_plants import STATIONS, Inverter, Readings, Station, bounds
from simulators.goodwe_sessions import Refusal, Sessions

FOLDER = "/api/OpenApi"
STEP_MINUTES = 5

Answer = Callable[[Any], dict[str, Any]]


class CurveAsked(BaseModel):
    """Body of the two day curves."""

    invertersn: str = ""
    plant_id: str = ""
    date: date
    type: int = 0


def add_openapi(
    app: FastAPI,
    sessions: Sessions,
    charge: list[Any],
    readings: Readings,
    answer: Answer,
    station: Callable[[str], Station],
    issued_token: str | None,
) -> None:
    """Serve the OpenAPI; without `issued_token` no account is an organisation's, and all are refused."""

    def organisation(request: Request) -> None:
        token = request.headers.get("token", "")
        if issued_token is None or token != issued_token:
            sessions.check(token)

    options = {"dependencies": [*charge, Depends(organisation)]}

    def done(data: Any) -> dict[str, Any]:
        return {**answer(data), "code": 0, "msg": "success"}

    @app.post(f"{FOLDER}/GetToken", dependencies=charge)
    async def token(request: Request) -> dict[str, Any]:
        given = await request.json()
        if issued_token is None:
            raise Refusal(100025, "No permission")
        if given.get("account") != sessions.account or given.get("pwd") != sessions.md5:
            raise Refusal(100005, "Email or password error.")
        return done({"token": sessions.open().token})

    @app.post(f"{FOLDER}/StationPage", **options)
    def stations() -> dict[str, Any]:
        listed = [
            {"plant_id": s.station_id, "plant_name": s.name, "capacity": s.installed_kw, "timeZone": s.zone.key}
            for s in STATIONS.values()
        ]
        return done({"list": listed, "total": len(listed)})

    @app.get(f"{FOLDER}/DeviceList", **options)
    def devices(plant_id: str) -> dict[str, Any]:
        return done({"list": [{"sn": inverter.serial} for inverter in station(plant_id).inverters]})

    @app.get(f"{FOLDER}/GetInverterBySN", **options)
    def inverter(invertersn: str) -> dict[str, Any]:
        counted = readings.registers_kwh(*_inverter(invertersn))
        generation = {"daily_generation": float(counted["Today"]), "total_generation": float(counted["Total"])}
        return done({"sn": invertersn, **generation, "status": 1})

    @app.post(f"{FOLDER}/GetInverterGeneration", **options)
    def inverter_curve(asked: CurveAsked) -> dict[str, Any]:
        found, one = _inverter(asked.invertersn)
        points = _curve(found, readings, asked.date, one.share / found.share)
        return done({"unit": "kW", "pv": [{"x": at, "y": power} for at, power in points]})

    @app.post(f"{FOLDER}/GetPlantGeneration", **options)
    def plant_curve(asked: CurveAsked) -> dict[str, Any]:
        points = _curve(station(asked.plant_id), readings, asked.date, Decimal(1))
        return done({"unit": "kW", "records": [{"time": at, "pv": power} for at, power in points]})


def _inverter(serial: str) -> tuple[Station, Inverter]:
    for found in STATIONS.values():
        for inverter in found.inverters:
            if inverter.serial == serial:
                return found, inverter
    raise Refusal(100004, "Parameter error")


def _curve(station: Station, readings: Readings, day: date, share: Decimal) -> list[tuple[str, float]]:
    """A sample every five minutes, each the mean of its quarter hour."""
    points: list[tuple[str, float]] = []
    for at, _ in readings.minutes(station, *bounds(station.zone, day)):
        if at.minute % STEP_MINUTES == 0:
            start: datetime = at.replace(minute=at.minute - at.minute % 15)
            points.append((f"{at.astimezone(station.zone):%H:%M}", float(readings.power_kw(station, start) * share)))
    return points
