"""SMA fixtures as answers, with the request that would have produced them."""

from pathlib import Path
from typing import Any

from include.core.records import Site
from include.sources.inverters.sma import parse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sma"
SITE = Site(1, "sma", "9912004", "Lagerhalle Nord", "Europe/Berlin")
LATER = "2026-12-01T00:00:00+00:00"
PATHS = {
    "energy": "/devices/9912010/measurements/sets/EnergyAndPowerPv/Day",
    "sensor": "/devices/9912002/measurements/sets/Sensor/Day",
    "power_ac": "/devices/9912010/measurements/sets/PowerAc/Day",
    "balance": "/plants/9912004/measurements/sets/EnergyBalance/Day",
}


def body(name: str) -> bytes:
    """One fixture, byte for byte."""
    return (FIXTURES / f"{name}.json").read_bytes()


def request(kind: str, date: str = "2026-11-20", fetched_at: str = LATER, energy: str = "true") -> dict[str, Any]:
    """The request record of a measurement answer."""
    query = {"Date": date} | ({"ReturnEnergyValues": energy} if kind == "energy" else {})
    return {"method": "GET", "path": PATHS[kind], "query": query, "fetched_at": fetched_at, "status": 200}


def rows(name: str, **asked: Any) -> list[dict[str, Any]]:
    """The rows of a fixture; its name begins with the kind of call."""
    return list(parse(body(name), request(name.partition("__")[0], **asked), SITE))
