"""Lists of the Enphase simulator: systems with pages, one system, its summary and its devices."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from simulators.enphase_plants import Plant, Readings
from simulators.enphase_telemetry import SYSTEM, meta, midnight
from simulators.plant import INTERVAL

PLACEHOLDER = -1  # of the fields that the vendor gave up
PAGE = 10


def add_lists(
    app: FastAPI,
    account: list[Any],
    readings: Readings,
    plant_of: Callable[..., Plant],
    plants_of: Callable[..., list[Plant]],
    largest_page: int,
) -> None:
    """Mount the lists; `plants_of` gives the systems that the caller may see."""
    given = Annotated[Plant, Depends(plant_of)]
    visible = Annotated[list[Plant], Depends(plants_of)]

    def systems(plants: visible, page: int = 1, size: int = PAGE, sort_by: str = "id") -> dict[str, Any]:
        size = max(1, min(size, largest_page))
        chosen = sorted(plants, key=lambda plant: plant.system_id, reverse=sort_by.startswith("-"))
        listed = [_system(readings, plant) for plant in chosen[(page - 1) * size : page * size]]
        return {
            "total": len(plants),
            "current_page": page,
            "size": size,
            "count": len(listed),
            "items": "systems",
            "systems": listed,
        }

    app.add_api_route("/api/v4/systems", systems, dependencies=account)
    app.add_api_route("/api/v4/systems/search", systems, methods=["POST"], dependencies=account)

    @app.get("/api/v4/systems/retrieve_system_id", dependencies=account)
    def retrieve(plants: visible, serial_num: str) -> dict[str, Any]:
        owned = [plant for plant in plants if serial_num in {plant.gateway, plant.production_meter, *plant.micros}]
        return {"system_id": owned[0].system_id if owned else None}

    @app.get(SYSTEM, dependencies=account)
    def system(plant: given) -> dict[str, Any]:
        return _system(readings, plant)

    @app.get(SYSTEM + "/devices", dependencies=account)
    def devices(plant: given) -> dict[str, Any]:
        groups = _devices(readings, plant)
        total = sum(len(entries) for entries in groups.values())
        return {"system_id": plant.system_id, "total_devices": total, "items": "devices", "devices": groups}

    @app.get(SYSTEM + "/summary", dependencies=account)
    def summary(plant: given) -> dict[str, Any]:
        return _summary(readings, plant)


def _system(readings: Readings, plant: Plant) -> dict[str, Any]:
    return {
        "system_id": plant.system_id,
        "name": plant.name,
        "public_name": "Residential System",
        "timezone": plant.zone.key,
        "address": plant.address,
        "connection_type": "ethernet",
        **meta(readings, plant),
        "attachment_type": "rack_mount",
        "interconnect_date": None,
        "energy_lifetime": PLACEHOLDER,
        "energy_today": PLACEHOLDER,
        "system_size": PLACEHOLDER,
    }


def _devices(readings: Readings, plant: Plant) -> dict[str, list[dict[str, Any]]]:
    at = int(readings.reported_at(plant).timestamp())

    def device(number: int, name: str, serial: str, model: str, **more: Any) -> dict[str, Any]:
        return {
            "id": plant.system_id * 1000 + number,
            "last_report_at": at,
            "name": name,
            "serial_number": serial,
            "part_number": "800-01731-r02",
            "sku": f"{model.replace(' ', '-')}-SIM",
            "model": model,
            "status": "normal",
            "active": True,
            "product_name": model,
            **more,
        }

    grid = "enabled" if plant.has_grid_meter else "disabled"
    return {
        "micros": [
            device(number, f"Microinverter {serial}", serial, "IQ7+") for number, serial in enumerate(plant.micros)
        ],
        "meters": [
            device(900, "production", plant.production_meter, "Envoy S", state="enabled", config_type="Production"),
            device(901, "consumption", plant.grid_meter, "Envoy S", state=grid, config_type="Net"),
        ],
        "gateways": [device(800, f"Gateway {plant.gateway}", plant.gateway, "IQ Envoy", emu_sw_version="D7.6.175")],
        "q_relays": [],
        "acbs": [],
        "encharges": [],
        "enpowers": [],
    }


def _summary(readings: Readings, plant: Plant) -> dict[str, Any]:
    """The system's state today: energy since midnight, and the power of the last quarter hour."""
    now = readings.reported_at(plant)
    begin = midnight(plant, now)
    today = list(readings.starts(plant, begin, begin + timedelta(days=2), INTERVAL))
    return {
        "system_id": plant.system_id,
        "current_power": readings.quarter_wh(plant, today[-1]) * 4 if today else 0,
        "energy_lifetime": PLACEHOLDER,
        "energy_today": sum(readings.quarter_wh(plant, start) for start in today),
        "last_interval_end_at": int((today[-1] + INTERVAL).timestamp()) if today else None,
        "last_report_at": int(now.timestamp()),
        "modules": len(plant.micros),
        "operational_at": int(plant.operational_at.timestamp()),
        "size_w": len(plant.micros) * 350,
        "nmi": None,
        "source": "microinverters",
        "status": meta(readings, plant)["status"],
        "summary_date": now.astimezone(plant.zone).date().isoformat(),
    }
