"""Enphase from the simulator to published readings: slot by slot, over clock changes, late and lost intervals."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from simulators.enphase import DEMO_KEY, DEMO_PASSWORD, DEMO_USER, create_app
from simulators.enphase_plants import BERLIN_SYSTEM, DENVER_SYSTEM, PLANTS, Readings
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.plant import floor, power_w
from simulators.server import Clock, running
from tests.pipeline.oracle import count, state

NOW = datetime(2026, 6, 10, 12, 5, tzinfo=UTC)  # the moment at which twelve o'clock is closed
CLOSED = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
FIVE = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
ZONES = {DENVER_SYSTEM: "US/Mountain", BERLIN_SYSTEM: "Europe/Berlin"}
SERIES = {DENVER_SYSTEM: ("micros",), BERLIN_SYSTEM: ("micros", "production_meter", "rgm_stats")}


class Portal:
    """A running simulator whose clock can be moved; the pipeline is told the same time as `until`."""

    def __init__(self, url, app, clock):
        self.url, self.app, self.clock = url, app, clock
        self.truth = Readings(7, clock)

    def silence(self, system, since=None):
        query = {"system_id": system} | ({"since": since.isoformat()} if since else {})
        requests.post(f"{self.url}/_control/silence", params=query, timeout=5)


@pytest.fixture
def portal(monkeypatch):
    clock = Clock(NOW, is_frozen=True)
    app = create_app(seed=7, clock=clock, calls_per_minute=10_000, calls_per_month=100_000)
    with running(app) as url:
        for name, value in {
            "BASE_URL": url,
            "API_KEY": DEMO_KEY,
            "CLIENT_ID": DEMO_CLIENT_ID,
            "CLIENT_SECRET": DEMO_CLIENT_SECRET,
            "CALLS_PER_MINUTE": "1000",
        }.items():
            monkeypatch.setenv(f"ENPHASE_{name}", value)
        yield Portal(url, app, clock)


@pytest.fixture
def sites(warehouse, portal, monkeypatch) -> dict[int, int]:
    """Ids of the two registered sites by system."""
    from include.pipeline import registration

    monkeypatch.setenv("INSTALLER", json.dumps({"username": DEMO_USER, "password": DEMO_PASSWORD}))
    registration.apply({"organization": "Sun", "projects": [*map(project, ZONES)], "accounts": [account()]})
    rows = warehouse.execute("select integration_site_id as id, external_site_id as system from ops.integration_site")
    return {int(row["system"]): row["id"] for row in rows}


def project(system):
    devices = [f"site:{system}:{name}" for name in SERIES[system] if name != "rgm_stats"]
    devices += [PLANTS[system].production_meter] if "rgm_stats" in SERIES[system] else []
    meters = [{"name": name, "devices": [{"source": "enphase", "site": system, "device": name}]} for name in devices]
    return {"name": f"Plant {system}", "time_zone": ZONES[system], "installed_ac_capacity_kw": 20, "meters": meters}


def account():
    sites = [
        {
            "site": system,
            "name": PLANTS[system].name,
            "project": f"Plant {system}",
            "time_zone": zone,
            "series": list(SERIES[system]),
        }
        for system, zone in ZONES.items()
    ]
    return {"source": "enphase", "label": "installer", "secret_env": "INSTALLER", "sites": sites}


def extract(site, until=NOW, lookback=None):
    from include.pipeline.extract import land_site
    from include.pipeline.process import process_all

    return process_all(land_site(site, until, lookback))


def publish():
    from include.pipeline.publish import publish

    return publish()


def stored(warehouse, device):
    return {
        row["at"]: row
        for row in warehouse.execute(
            """
            select "timestamp" as at, energy_wh, power_w, quality, reading_interval_seconds as seconds, other_metrics
            from canonical.meter_reading where external_device_id = %s order by 1
            """,
            [device],
        )
    }


def mark(warehouse, site):
    query = "select high_water_mark from ops.integration_site where integration_site_id = %s"
    return warehouse.execute(query, [site]).fetchone()["high_water_mark"]


def test_a_day_is_stored_as_the_plant_made_it_slot_by_slot(sites, portal, warehouse):
    assert extract(sites[DENVER_SYSTEM], lookback=timedelta(hours=24)) == {"accepted": 1}
    publish()
    assert mark(warehouse, sites[DENVER_SYSTEM]) == CLOSED
    plant, found = PLANTS[DENVER_SYSTEM], stored(warehouse, f"site:{DENVER_SYSTEM}:micros")
    assert sorted(found) == [CLOSED - timedelta(hours=24) + n * FIVE for n in range(288)]
    for at, row in found.items():
        if portal.truth.is_omitted(plant, at):
            assert (row["quality"], row["energy_wh"]) == ("missing", None)
        elif portal.truth.is_partial(plant, at):
            assert row["quality"] == "estimated"
            assert row["other_metrics"] == {"devices_reporting": 15, "total_devices": 18}
        else:
            made = max(float(power_w(plant.zone, at)), 0) / 12
            assert (row["quality"], row["seconds"]) == ("measured", 300)
            assert float(row["energy_wh"]) == pytest.approx(made, abs=1.01)
            assert row["power_w"] == row["energy_wh"] * 12
    assert {row["quality"] for row in found.values()} == {"measured", "estimated", "missing"}


def test_meters_have_their_power_derived_and_their_channels_kept(sites, portal, warehouse):
    assert extract(sites[BERLIN_SYSTEM], lookback=timedelta(hours=12)) == {"accepted": 3}
    publish()
    plant = PLANTS[BERLIN_SYSTEM]
    whole = stored(warehouse, f"site:{BERLIN_SYSTEM}:production_meter")
    meter = stored(warehouse, plant.production_meter)
    expected = {at: portal.truth.quarter_wh(plant, at) for at in whole}
    assert sorted(whole) == [CLOSED - timedelta(hours=12) + n * QUARTER for n in range(48)]
    assert sum(expected.values()) > 1000
    for found in (whole, meter):
        assert {at: row["energy_wh"] for at, row in found.items()} == expected
        assert all(row["power_w"] == row["energy_wh"] * 4 and row["quality"] == "measured" for row in found.values())
        assert all(row["other_metrics"]["power_derived"] is True for row in found.values())
    for at, row in meter.items():
        assert sum(row["other_metrics"]["channel_wh"].values()) == expected[at]


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [(datetime(2025, 10, 25, 22, tzinfo=UTC), 25), (datetime(2026, 3, 28, 23, tzinfo=UTC), 23)],
)
def test_d2_d3_days_of_clock_changes_have_92_and_100_quarter_hours(sites, portal, warehouse, midnight, hours):
    end = midnight + timedelta(hours=hours)
    portal.clock.move_to(end + timedelta(minutes=7))
    extract(sites[BERLIN_SYSTEM], until=end + timedelta(minutes=7), lookback=timedelta(hours=hours))
    publish()
    plant = PLANTS[BERLIN_SYSTEM]
    meter = stored(warehouse, plant.production_meter)
    assert sorted(meter) == [midnight + n * QUARTER for n in range(hours * 4)]
    micros = [at for at in stored(warehouse, f"site:{BERLIN_SYSTEM}:micros") if at < end]
    assert micros == [midnight + n * FIVE for n in range(hours * 12)]
    day = warehouse.execute(
        """
        select a.energy_wh, a.data_completeness_percent as complete
        from canonical.meter_aggregate as a inner join core.meter as m on a.meter_id = m.meter_id
        where a.period_type = 'daily' and a.period_start = %s and m.name = %s
        """,
        [midnight, plant.production_meter],
    ).fetchone()
    assert day["complete"] == 100
    assert day["energy_wh"] == sum(portal.truth.quarter_wh(plant, at) for at in meter)


def test_reading_the_same_hours_again_changes_nothing(sites, warehouse):
    device = f"site:{BERLIN_SYSTEM}:micros"
    extract(sites[BERLIN_SYSTEM], lookback=timedelta(hours=24))
    publish()
    before, rows = state(warehouse), stored(warehouse, device)
    assert set(extract(sites[BERLIN_SYSTEM], lookback=timedelta(hours=24))) == {"duplicate"}
    publish()
    assert state(warehouse) == before
    assert "accepted" in extract(sites[BERLIN_SYSTEM])  # the overlap, in an answer of another window
    publish()
    assert {at: row for at, row in stored(warehouse, device).items() if at < CLOSED} == rows
    assert count(warehouse, "canonical.meter_reading_revision") == 0


def test_what_a_silent_gateway_reports_hours_late_fills_the_gap(sites, portal, warehouse):
    from include.pipeline import accounts

    site, device = sites[DENVER_SYSTEM], f"site:{DENVER_SYSTEM}:micros"
    present = datetime.now(UTC)
    early, silent = present - timedelta(hours=2), floor(present) - timedelta(hours=14)
    portal.clock.move_to(early)
    portal.silence(DENVER_SYSTEM, silent)
    extract(site, until=early, lookback=timedelta(hours=18))
    publish()
    assert max(stored(warehouse, device)) == silent - FIVE
    first = mark(warehouse, site)
    portal.silence(DENVER_SYSTEM)
    portal.clock.move_to(present)
    extract(site, until=present)
    publish()
    found, begin = stored(warehouse, device), first - accounts.vendor("enphase").OVERLAP
    last = mark(warehouse, site)
    assert last - first == timedelta(hours=2)
    assert set(found) >= {begin + n * FIVE for n in range((last - begin) // FIVE)}
    assert count(warehouse, "canonical.meter_reading_revision") == 0


def test_a_token_that_ends_in_mid_run_is_renewed_and_stored(sites, portal, warehouse):
    from include.warehouse.credentials import StoredCredential

    row = warehouse.execute("select credential_id from ops.integration_credential").fetchone()
    extract(sites[DENVER_SYSTEM], lookback=timedelta(hours=24))
    first = StoredCredential(row["credential_id"]).read()
    portal.app.state.authority.expire()
    extract(sites[BERLIN_SYSTEM], lookback=timedelta(hours=48))
    second = StoredCredential(row["credential_id"]).read()
    assert portal.app.state.authority.calls["refresh_token"] == 1
    assert second["refresh_token"] != first["refresh_token"]
    known = warehouse.execute("select token_expires_at, renewable_until from ops.integration_credential").fetchone()
    assert known["renewable_until"] - known["token_expires_at"] > timedelta(days=28)
    assert DEMO_PASSWORD not in str(warehouse.execute("select * from ops.integration_credential").fetchall())


def test_calls_are_counted_for_our_application(sites, portal, warehouse, monkeypatch):
    from include.core.errors import QuotaExhausted

    monkeypatch.setenv("ENPHASE_CALLS_PER_MONTH", "2")
    extract(sites[DENVER_SYSTEM], lookback=timedelta(hours=48))
    with pytest.raises(QuotaExhausted):
        extract(sites[BERLIN_SYSTEM])
    used = warehouse.execute("select account, calls from ops.api_usage where span = 'month'").fetchall()
    assert [row["calls"] for row in used if "application" in row["account"]] == [2]


def test_nothing_that_is_secret_is_kept_with_an_answer(sites, portal, warehouse, monkeypatch):
    monkeypatch.setenv("ENPHASE_KEY_IN", "query")
    extract(sites[DENVER_SYSTEM], lookback=timedelta(hours=12))
    kept = str(warehouse.execute("select * from ops.ingestion_log").fetchall())
    assert "start_at" in kept
    for secret in (DEMO_KEY, DEMO_PASSWORD, DEMO_CLIENT_SECRET, "sim-access", "sim-refresh"):
        assert secret not in kept


def test_an_account_tells_its_systems_in_the_form_that_registration_takes(sites, warehouse):
    from include.pipeline import registration
    from include.pipeline.discover import discover

    found = discover(1, "enphase", "installer")
    assert [project["time_zone"] for project in found["projects"]] == ["America/Denver", "Europe/Berlin"]
    devices = [device["device"] for p in found["projects"] for m in p["meters"] for device in m["devices"]]
    assert devices == [f"site:{DENVER_SYSTEM}:micros", f"site:{BERLIN_SYSTEM}:micros"]
    counts = registration.apply({"organization": "Sun", **found})
    assert (counts["projects"], counts["meters"], counts["sites"]) == (2, 2, 2)
