"""A SolarEdge account with two sites at the portal simulator, and short ways to extract them."""

from datetime import UTC, datetime, timedelta

from simulators.solaredge import DEMO_KEY
from simulators.solaredge_plants import BERLIN_SITE, DENVER_SITE

NOW = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)
SERIALS = {DENVER_SITE: ("5E10A160-01", "5E10A140-02", "5E10AE00-M1"), BERLIN_SITE: ("5E20B180-01", "5E20BE00-M1")}


def plant(site: int, zone: str) -> dict:
    meters = [
        {"name": serial, "devices": [{"source": "solaredge", "site": site, "device": serial}]}
        for serial in SERIALS[site]
    ]
    return {"name": f"Plant {site}", "time_zone": zone, "installed_ac_capacity_kw": 20, "meters": meters}


def account(**limits) -> dict:
    sites = [
        {"site": site, "name": f"Site {site}", "project": f"Plant {site}", "time_zone": zone}
        for site, zone in ((DENVER_SITE, "America/Denver"), (BERLIN_SITE, "Europe/Berlin"))
    ]
    return {"source": "solaredge", "label": "fleet", "secret_env": "FLEET_KEY", "sites": sites, **limits}


def register(monkeypatch, key: str = DEMO_KEY, **limits) -> list[int]:
    from include.pipeline import registration
    from include.warehouse.database import connect

    monkeypatch.setenv("FLEET_KEY", key)
    projects = [plant(DENVER_SITE, "America/Denver"), plant(BERLIN_SITE, "Europe/Berlin")]
    registration.apply({"organization": "Sun", "projects": projects, "accounts": [account(**limits)]})
    with connect() as connection:
        rows = connection.execute(
            "select integration_site_id as id from ops.integration_site order by external_site_id"
        )
        return [row["id"] for row in rows]


def extract(site: int, until: datetime = NOW, lookback: timedelta | None = None) -> dict[str, int]:
    from include.pipeline.extract import land_site
    from include.pipeline.process import process_all

    return process_all(land_site(site, until, lookback))


def publish():
    from include.pipeline.publish import publish

    return publish()


def mark(warehouse, site: int):
    query = "select high_water_mark from ops.integration_site where integration_site_id = %s"
    return warehouse.execute(query, [site]).fetchone()["high_water_mark"]
