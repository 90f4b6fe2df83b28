"""A GoodWe account in a test's warehouse, and the simulator behind it."""

import json
from datetime import UTC, datetime, timedelta

import requests

from include.core.records import Answer, Site
from simulators.goodwe import DEMO_LOGIN
from simulators.goodwe_plants import STATIONS

NOW = datetime(2026, 6, 10, 12, 7, tzinfo=UTC)
SEED = 7
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


class Portal:
    """A running simulator whose clock can be moved."""

    def __init__(self, url, clock):
        self.url, self.clock = url, clock

    def control(self, path, **query):
        return requests.post(f"{self.url}/_control/{path}", params=query, timeout=10).json()

    def behave(self, **behaviour):
        requests.post(f"{self.url}/_control/goodwe", json=behaviour, timeout=10)

    @property
    def logins(self) -> int:
        return requests.get(f"{self.url}/_control/logins", timeout=10).json()["logins"]


def register(warehouse, monkeypatch, *series: str, secret: dict[str, str] = DEMO_LOGIN) -> dict[str, int]:
    from include.pipeline import registration

    monkeypatch.setenv("OWNER_SECRET", json.dumps(secret))
    account = {"source": "goodwe", "label": "owner", "secret_env": "OWNER_SECRET"}
    account["sites"] = [
        {"site": key, "name": s.name, "project": s.name, "time_zone": s.zone.key, "series": [*series]}
        for key, s in STATIONS.items()
    ]
    registration.apply({"organization": "Sun", "projects": [*map(project, STATIONS)], "accounts": [account]})
    rows = warehouse.execute("select integration_site_id as id, external_site_id as station from ops.integration_site")
    return {row["station"]: row["id"] for row in rows}


def project(station_id: str) -> dict:
    """A plant with a meter for the station, one for its day totals and one for each inverter."""
    station = STATIONS[station_id]
    devices = [sum_of(station_id), sum_of(station_id, "day_total"), *(i.serial for i in station.inverters)]
    meters = [{"name": d, "devices": [{"source": "goodwe", "site": station_id, "device": d}]} for d in devices]
    zone = station.zone.key
    return {"name": station.name, "time_zone": zone, "installed_ac_capacity_kw": 20, "meters": meters}


def sum_of(station_id: str, series: str = "psystem") -> str:
    return f"site:{station_id}:{series}"


def extract(site: int, until: datetime = NOW, lookback: timedelta | None = None) -> dict[str, int]:
    from include.pipeline.extract import land_site
    from include.pipeline.process import process_all

    return process_all(land_site(site, until, lookback))


def land(site: int, path: str, body: dict, asked: dict) -> dict:
    """Bring one answer of the vendor through land, stage and judge; returns the ledger row."""
    from include.pipeline.land import land_answer
    from include.pipeline.process import process

    request = {"method": "POST", "path": path, "query": {}, "json": asked, "fetched_at": NOW.isoformat(), "status": 200}
    landed = land_answer(Answer(json.dumps(body).encode(), request), registered(site))
    return process(landed["load_id"])


def registered(site: int) -> Site:
    """A site as the pipeline knows it."""
    from include.warehouse import sites
    from include.warehouse.database import connect

    with connect() as connection:
        return sites.as_record(sites.get(connection, site))


def publish():
    from include.pipeline.publish import publish

    return publish()


def local_midnight(station_id: str, *day: int) -> datetime:
    return datetime(*day, tzinfo=STATIONS[station_id].zone).astimezone(UTC)
