"""SolarEdge fixtures as answers, with the request that would have produced them."""

from pathlib import Path
from typing import Any

from include.core.records import Site
from include.sources.inverters.solaredge import PATHS, parse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "solaredge"
SITE = Site(
    organization_id=1,
    source_system="solaredge",
    external_site_id="2210045",
    name="Depot West",
    time_zone="Europe/Brussels",
)
LATER = "2026-12-01T00:00:00+00:00"


def body(name: str) -> bytes:
    """One fixture, byte for byte."""
    return (FIXTURES / f"{name}.json").read_bytes()


def request(series: str, fetched_at: str = LATER, **query: Any) -> dict[str, Any]:
    """The request record of a telemetry answer."""
    path = f"/v2/sites/{SITE.external_site_id}/{PATHS[series]}"
    return {"method": "GET", "path": path, "query": query, "fetched_at": fetched_at, "status": 200}


def rows(name: str, fetched_at: str = LATER, **query: Any) -> list[dict[str, Any]]:
    """The rows of a fixture; its name begins with the series."""
    return list(parse(body(name), request(name.partition("__")[0], fetched_at, **query), SITE))
