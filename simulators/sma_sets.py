"""The measurement sets of the SMA simulator: the answers of `/measurements/sets/{set}/{period}`."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import FastAPI, HTTPException, Request

from simulators.sma_estate import Estate, Place, asked, is_asked
from simulators.sma_plants import HOUR_S, RESOLUTIONS, Device, Plant, Point, Readings

DAYS_IN_WEEK = 7
ENERGY_PERIODS = {"Month": "OneDay", "Year": "OneMonth", "Total": "OneYear"}


def add_sets(
    app: FastAPI, base: str, estate: Estate, readings: Readings, access: list[Any], clock: Callable[[], datetime]
) -> None:
    """Add the routes of plants and devices."""

    @app.get(f"{base}/devices/{{device_id}}/measurements/sets", dependencies=access)
    def device_sets(device_id: str) -> dict[str, Any]:
        place, device = estate.find_device(device_id)
        return {**_heads(estate, place, device), "sets": list(device.sets)}

    @app.get(f"{base}/plants/{{plant_id}}/measurements/sets", dependencies=access)
    def plant_sets(plant_id: str) -> dict[str, Any]:
        return {**_heads(estate, estate.find_plant(plant_id)), "sets": ["EnergyBalance"]}

    @app.get(f"{base}/devices/{{device_id}}/measurements/sets/{{name}}/{{period}}", dependencies=access)
    def device_set(request: Request, device_id: str, name: str, period: str) -> dict[str, Any]:
        period = period.title()
        place, device = estate.find_device(device_id)
        if name not in device.sets:
            raise HTTPException(400, f"The device has no set {name}")

        as_energy = is_asked(request, "ReturnEnergyValues") or period in ENERGY_PERIODS

        def points(day: date) -> Iterator[Point]:
            if name == "Sensor":
                return readings.weather(place.plant, device, day)
            if name == "PowerAc":
                return readings.alternating(place.plant, device, day)
            return readings.generation(place.plant, device, day, as_energy)

        return {
            **_heads(estate, place, device),
            "setType": name,
            **_period(place.plant, period, asked(request, "Date"), clock(), points),
        }

    @app.get(f"{base}/plants/{{plant_id}}/measurements/sets/EnergyBalance/{{period}}", dependencies=access)
    def balance(request: Request, plant_id: str, period: str) -> dict[str, Any]:
        place, period = estate.find_plant(plant_id), period.title()
        hours = place.plant.step.total_seconds() / HOUR_S if period in ENERGY_PERIODS else 1

        def points(day: date) -> Iterator[Point]:
            for point in readings.balance(place.plant, day):
                yield {name: value if name == "time" else value * hours for name, value in point.items()}

        answer = _period(place.plant, period, asked(request, "Date"), clock(), points)
        return {**_heads(estate, place), "setType": "EnergyBalance", **answer}


def _heads(estate: Estate, place: Place, device: Device | None = None) -> dict[str, Any]:
    heads = {"plant": estate.head(place)}
    return heads | ({"device": estate.device_head(place, device)} if device else {})


def _period(
    plant: Plant, period: str, on: str, now: datetime, points: Callable[[date], Iterator[Point]]
) -> dict[str, Any]:
    """Resolution and points of a period; `Month`, `Year` and `Total` are sums."""
    today = now.astimezone(plant.zone).date()
    try:
        if period in {"Day", "Recent"}:
            found = list(points(date.fromisoformat(on) if on else today))
            return {"resolution": RESOLUTIONS[plant.step], "set": found[-1:] if period == "Recent" else found}
        if period == "Week":
            first = date.fromisoformat(on) if on else today
            found = [point for n in range(DAYS_IN_WEEK) for point in points(first + timedelta(days=n))]
            return {"resolution": RESOLUTIONS[plant.step], "set": found}
        if period in ENERGY_PERIODS:
            begins = {"Month": f"{on or today.isoformat()[:7]}-01", "Year": f"{on or today.year}-01-01"}
            first = date.fromisoformat(begins.get(period, f"{today.year}-01-01"))
            return {"resolution": ENERGY_PERIODS[period], "set": _sums(first, today, period, points)}
    except ValueError:
        raise HTTPException(400, "Date is malformed") from None
    raise HTTPException(404, "Unknown period")


def _sums(first: date, today: date, period: str, points: Callable[[date], Iterator[Point]]) -> list[Point]:
    """Energies per day, month or year, labelled with its beginning."""
    shape = {"Month": "%Y-%m-%d", "Year": "%Y-%m-01", "Total": "%Y-01-01"}[period]
    sums: dict[str, Point] = {}
    day = first
    while day <= today and (day.month == first.month or period != "Month") and day.year == first.year:
        total = sums.setdefault(day.strftime(shape), {"time": day.strftime(shape) + "T00:00:00"})
        for point in points(day):
            for name, value in point.items():
                if name != "time":
                    total[name] = round(total.get(name, 0) + value, 3)
        day += timedelta(days=1)
    return list(sums.values())
