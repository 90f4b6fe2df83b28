"""GoodWe fixtures as answers, with the request that would have produced them."""

import json
from pathlib import Path
from typing import Any

from include.core.records import Site
from include.sources.inverters.goodwe import parse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "goodwe"
SITE = Site(
    organization_id=1,
    source_system="goodwe",
    external_site_id="0b8f6a52-3f1d-4a7e-8c55-1f0d3a9e7c21",
    name="Depot West",
    time_zone="Europe/Brussels",
)
PSYSTEM = SITE.pseudo_device("psystem")
LATER = "2026-12-01T00:00:00+00:00"
PLANT = "/sems-plant/api"
PATHS = {
    "curve": f"{PLANT}/v1/hems/power/statisticsAndPreV2",
    "production": f"{PLANT}/stations/production",
    "statistics": f"{PLANT}/stations/statistics",
    "telemetry": f"{PLANT}/equipments/5000A1/telemetry",
    "telecounting": f"{PLANT}/equipments/5000A1/telecounting",
    "snapshot": f"{PLANT}/equipments/5000A1",
    "openapi_plant": "/api/OpenApi/GetPlantGeneration",
    "openapi_inverter_curve": "/api/OpenApi/GetInverterGeneration",
    "openapi_inverter": "/api/OpenApi/GetInverterBySN",
}


def body(name: str) -> bytes:
    """One fixture, byte for byte."""
    return (FIXTURES / f"{name}.json").read_bytes()


def request(kind: str, fetched_at: str = LATER, **parts: Any) -> dict[str, Any]:
    """The request record of an answer."""
    sent = {"method": "POST", "path": PATHS[kind], "query": {}, "fetched_at": fetched_at, "status": 200}
    return sent | parts


def rows(name: str, fetched_at: str = LATER, site: Site = SITE, **parts: Any) -> list[dict[str, Any]]:
    """The rows of a fixture; its name begins with the kind of call."""
    return list(parse(body(name), request(name.partition("__")[0], fetched_at, **parts), site))


def curve(samples: list[tuple[str, Any]], fetched_at: str = LATER, site: Site = SITE) -> list[dict[str, Any]]:
    """The rows of a station curve with these local times and kilowatts."""
    points = [{"tp": at, "power": power} for at, power in samples]
    payload = {"code": "00000", "data": {"dataList": [{"item": "pSystem", "powerData": points}]}}
    return list(parse(json.dumps(payload).encode(), request("curve", fetched_at), site))


def minutes(day: str, first: str, last: str, power: Any = 1.0) -> list[tuple[str, Any]]:
    """A sample a minute on one day, both times included."""
    begin, end = (int(at[:2]) * 60 + int(at[3:]) for at in (first, last))
    return [(f"{day} {at // 60:02d}:{at % 60:02d}:00", power) for at in range(begin, end + 1)]
