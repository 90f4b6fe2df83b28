"""Enphase fixtures as answers, with the request that would have produced them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from include.core.records import Site
from include.sources.inverters.enphase import parse
from include.sources.inverters.enphase_series import SERIES

FIXTURES = Path(__file__).parents[2] / "fixtures" / "enphase"
SITE = Site(
    organization_id=1,
    source_system="enphase",
    external_site_id="4410021",
    name="Hill House",
    time_zone="US/Eastern",
)
EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)  # where the windows of the fixtures begin
LATER = EIGHT + timedelta(hours=3)


def body(name: str) -> bytes:
    """One fixture, byte for byte."""
    return (FIXTURES / f"{name}.json").read_bytes()


def request(series: str, fetched_at: datetime = LATER, **query: Any) -> dict[str, Any]:
    """The request record of a telemetry answer."""
    path = f"/api/v4/systems/{SITE.external_site_id}/{SERIES[series].path}"
    return {"method": "GET", "path": path, "query": query, "fetched_at": fetched_at.isoformat(), "status": 200}


def rows(name: str, fetched_at: datetime = LATER, site: Site = SITE, **query: Any) -> list[dict[str, Any]]:
    """The rows of a fixture; its name begins with the series."""
    return list(parse(body(name), request(name.partition("__")[0], fetched_at, **query), site))


def asked(hours: float = 24) -> dict[str, int]:
    """The query of a window from eight o'clock."""
    return {"start_at": int(EIGHT.timestamp()), "end_at": int((EIGHT + timedelta(hours=hours)).timestamp())}
