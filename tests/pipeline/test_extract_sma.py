"""SMA from the simulator to published readings: slot by slot, over clock changes, spikes, lost consent and moves."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import requests

from include.core.errors import ConsentLost
from simulators.plant import power_w
from simulators.server import Clock, running
from simulators.sma import create_app, environment
from simulators.sma_plants import BERLIN_PLANT, DENVER_PLANT, OWNER, PLANTS, irradiance_wm2
from tests.pipeline.oracle import count, state

NOW = datetime(2026, 6, 10, 12, 7, tzinfo=UTC)
DAY = timedelta(days=1)
ZONES = {DENVER_PLANT: "America/Denver", BERLIN_PLANT: "Europe/Berlin"}
INVERTERS = {DENVER_PLANT: ("9912011", "9912012"), BERLIN_PLANT: ("9912021",)}
SENSORS = {DENVER_PLANT: "9912015", BERLIN_PLANT: "9912025"}
DEVICES = {device.device_id: device for plant in PLANTS.values() for device in plant.devices}


class Portal:
    """A running simulator whose clock can be moved."""

    def __init__(self, url, app, clock):
        self.url, self.clock = url, clock
        self.authority, self.consents = app.state.authority, app.state.consents

    def control(self, path, **query):
        return requests.post(f"{self.url}/_control/{path}", params=query, timeout=10).json()


@pytest.fixture
def portal(monkeypatch):
    clock = Clock(NOW, is_frozen=True)
    app = create_app(seed=7, clock=clock)
    with running(app) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        yield Portal(url, app, clock)


@pytest.fixture
def sites(warehouse, portal, monkeypatch) -> dict[str, int]:
    """Ids of the two registered sites by plant; the owner connected in the browser."""
    return register(warehouse, monkeypatch, {"refresh_token": portal.authority.issue()["refresh_token"]})


def register(warehouse, monkeypatch, secret: dict[str, str], *series: str) -> dict[str, int]:
    from include.pipeline import registration

    monkeypatch.setenv("OWNER_SECRET", json.dumps(secret))
    account = {"source": "sma", "label": "owner", "secret_env": "OWNER_SECRET"}
    account["sites"] = [
        {"site": plant, "name": PLANTS[plant].name, "project": f"Plant {plant}", "time_zone": zone, "series": [*series]}
        for plant, zone in ZONES.items()
    ]
    registration.apply({"organization": "Sun", "projects": [*map(project, ZONES)], "accounts": [account]})
    rows = warehouse.execute("select integration_site_id as id, external_site_id as plant from ops.integration_site")
    return {row["plant"]: row["id"] for row in rows}


def project(plant: str) -> dict:
    def meter(device: str, **fields) -> dict:
        return {"name": device, "devices": [{"source": "sma", "site": plant, "device": device}], **fields}

    inverters = [
        meter(device, meter_type="INVERTER", rated_power_w=DEVICES[device].nominal_w) for device in INVERTERS[plant]
    ]
    sensor = meter(SENSORS[plant], meter_type="IRRADIANCE")
    balance = meter(f"site:{plant}:energy_balance", meter_type="PRODUCTION")
    return {
        "name": f"Plant {plant}",
        "time_zone": ZONES[plant],
        "installed_ac_capacity_kw": 20,
        "meters": [*inverters, sensor, balance],
    }


def extract(site: int, until: datetime = NOW, lookback: timedelta | None = None) -> dict[str, int]:
    from include.pipeline.extract import land_site
    from include.pipeline.process import process_all

    return process_all(land_site(site, until, lookback))


def publish() -> None:
    from include.pipeline.publish import publish

    publish()


def published(warehouse, device: str) -> list[dict]:
    query = 'select * from canonical.meter_reading where external_device_id = %s order by "timestamp"'
    return warehouse.execute(query, [device]).fetchall()


def local_midnight(plant: str, on: date) -> datetime:
    return datetime.combine(on, time(), ZoneInfo(ZONES[plant])).astimezone(UTC)


@pytest.mark.parametrize("plant", ZONES)
def test_a_day_agrees_with_the_plant_slot_by_slot(sites, warehouse, plant):
    extract(sites[plant], lookback=DAY)
    publish()
    step = PLANTS[plant].step
    hours = Decimal(int(step.total_seconds())) / 3600
    start, zone = local_midnight(plant, date(2026, 6, 9)), ZoneInfo(ZONES[plant])
    for device in INVERTERS[plant]:
        rows = {row["timestamp"]: row for row in published(warehouse, device)}
        measured = 0
        for slot in (start + n * step for n in range(DAY // step)):
            recorded = max(power_w(zone, slot), Decimal(0)) * DEVICES[device].share * hours
            row = rows.get(slot)
            if row is None:
                assert recorded == 0
            elif row["quality"] == "missing":
                assert row["energy_wh"] is None
            else:
                assert float(row["energy_wh"]) == pytest.approx(float(recorded), abs=0.001)
                measured += 1
        assert measured > 0.5 * (DAY // step)
        assert {row["reading_interval_seconds"] for row in rows.values()} == {int(step.total_seconds())}
        assert rows[max(rows)]["other_metrics"].get("device_serial", DEVICES[device].serial) == DEVICES[device].serial


def test_irradiance_and_temperature_reach_their_columns(sites, warehouse):
    extract(sites[BERLIN_PLANT], lookback=DAY)
    publish()
    rows = published(warehouse, SENSORS[BERLIN_PLANT])
    start = local_midnight(BERLIN_PLANT, date(2026, 6, 9))
    full_day = [row for row in rows if start <= row["timestamp"] < start + DAY]
    assert len(full_day) == 288
    for row in full_day:
        irradiance = float(irradiance_wm2(PLANTS[BERLIN_PLANT], row["timestamp"]))
        assert float(row["irradiance_wm2"]) == pytest.approx(irradiance, abs=0.001)
        assert float(row["temperature_c"]) == pytest.approx(8 + irradiance / 60, abs=0.001)
        assert row["other_metrics"].keys() >= {"module_temperature_c", "wind_speed_ms"}
        assert (row["energy_wh"], row["quality"]) == (None, "measured")
    assert max(row["irradiance_wm2"] for row in full_day) > 500


def test_a_lifetime_spike_is_quarantined_with_its_code(sites, portal, warehouse):
    changed = portal.control("spike", device_id="9912021", hours_back=3, energy_wh="165763")
    assert extract(sites[BERLIN_PLANT], lookback=timedelta(hours=6)) == {"accepted": 2}
    publish()
    [rejected] = warehouse.execute("select * from quarantine.rejected_row").fetchall()
    assert "R301_ENERGY_RANGE" in str(rejected) and "165763" in str(rejected)
    assert not [row for row in published(warehouse, "9912021") if (row["energy_wh"] or 0) > 2000]
    at = datetime.fromisoformat(changed["interval_start"])
    assert at not in {row["timestamp"] for row in published(warehouse, "9912021")}


@pytest.mark.parametrize(
    ("plant", "on", "intervals"),
    [
        (BERLIN_PLANT, date(2026, 3, 29), 276),
        (BERLIN_PLANT, date(2025, 10, 26), 300),
        (DENVER_PLANT, date(2026, 3, 8), 92),
        (DENVER_PLANT, date(2025, 11, 2), 100),
    ],
)
def test_days_when_clocks_change_are_complete(sites, warehouse, plant, on, intervals):
    start, end = local_midnight(plant, on), local_midnight(plant, on + DAY)
    extract(sites[plant], until=end + timedelta(minutes=10), lookback=end - start)
    publish()
    rows = [row for row in published(warehouse, SENSORS[plant]) if start <= row["timestamp"] < end]
    assert [row["timestamp"] for row in rows] == [start + n * PLANTS[plant].step for n in range(intervals)]
    assert {row["quality"] for row in rows} == {"measured"}
    assert count(warehouse, "quarantine.rejected_row") == 0


def test_reading_the_same_days_again_changes_nothing(sites, warehouse):
    first = extract(sites[DENVER_PLANT], lookback=DAY)
    publish()
    before = state(warehouse)
    assert extract(sites[DENVER_PLANT], lookback=DAY) == {"duplicate": sum(first.values())}
    publish()
    assert state(warehouse) == before
    assert count(warehouse, "canonical.meter_reading_revision") == 0


def test_a_day_that_goes_on_is_read_on(sites, portal, warehouse):
    extract(sites[BERLIN_PLANT], until=NOW, lookback=timedelta(hours=6))
    portal.clock.move_to(NOW + timedelta(hours=5))
    portal.authority.expire()
    extract(sites[BERLIN_PLANT], until=NOW + timedelta(hours=5))
    publish()
    starts = [row["timestamp"] for row in published(warehouse, SENSORS[BERLIN_PLANT])]
    first = local_midnight(BERLIN_PLANT, date(2026, 6, 10))
    assert starts == [first + n * timedelta(minutes=5) for n in range(len(starts))]
    assert starts[-1] == datetime(2026, 6, 10, 17, 0, tzinfo=UTC)


def test_the_same_bytes_are_read_again_once_their_last_interval_is_settled(sites, warehouse):
    from include.core.records import Answer
    from include.pipeline.land import land_answer
    from include.pipeline.process import process_all
    from include.warehouse.database import connect
    from include.warehouse.sites import as_record, get

    with connect() as connection:
        site = as_record(get(connection, sites[BERLIN_PLANT]))
    points = [{"time": f"2026-06-10T18:{minute}:00", "pvGeneration": 4.0} for minute in ("10", "15", "20")]
    body = json.dumps({"resolution": "FiveMinutes", "set": points}).encode()
    request = {
        "method": "GET",
        "path": "/devices/9912021/measurements/sets/EnergyAndPowerPv/Day",
        "query": {"Date": "2026-06-10", "ReturnEnergyValues": "true"},
    }
    early = request | {"fetched_at": "2026-06-10T16:21:00+00:00", "closed_until": "2026-06-10T16:15:00+00:00"}
    late = request | {"fetched_at": "2026-06-10T17:21:00+00:00"}
    landed = [land_answer(Answer(body, asked), site)["load_id"] for asked in (early, early, late, late)]
    assert process_all(landed) == {"accepted": 2, "duplicate": 2}
    publish()
    assert [row["timestamp"].minute for row in published(warehouse, "9912021")] == [5, 10, 15]


def test_a_token_that_ends_in_mid_run_costs_one_renewal(sites, portal, warehouse):
    from include.http import calls

    sent = calls._try_once
    asked = []

    def counted(session, call, proof):
        asked.append(call.path)
        if len(asked) == 3:
            portal.clock.move_to(portal.clock() + timedelta(seconds=301))
        return sent(session, call, proof)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "_try_once", counted)
        extract(sites[DENVER_PLANT], lookback=3 * DAY)
    assert portal.authority.calls == {"refresh_token": 2}
    [stored] = warehouse.execute(
        "select state, token_expires_at, last_error from ops.integration_credential"
    ).fetchall()
    assert (stored["state"], stored["last_error"]) == ("active", None)
    assert stored["token_expires_at"] is not None


def test_power_alone_gives_estimated_energy(warehouse, portal, monkeypatch):
    secret = {"refresh_token": portal.authority.issue()["refresh_token"]}
    sites = register(warehouse, monkeypatch, secret, "plant", "device_power")
    extract(sites[BERLIN_PLANT], lookback=timedelta(hours=6))
    publish()
    for device in (f"site:{BERLIN_PLANT}:energy_balance", *INVERTERS[BERLIN_PLANT]):
        rows = [row for row in published(warehouse, device) if row["power_w"]]
        assert rows and {row["quality"] for row in rows} == {"estimated"}
        assert all(float(row["energy_wh"]) == pytest.approx(float(row["power_w"]) / 12, abs=0.001) for row in rows)
        assert all(row["other_metrics"]["energy_basis"] == "power" for row in rows)


def test_an_owner_asked_by_letter_is_read_and_a_lost_consent_is_named(warehouse, portal, monkeypatch):
    sites = register(warehouse, monkeypatch, {"login_hint": OWNER})
    assert extract(sites[BERLIN_PLANT], lookback=timedelta(hours=3)) == {"accepted": 2}
    portal.consents.put(OWNER, "Revoked")
    with pytest.raises(ConsentLost):
        extract(sites[BERLIN_PLANT], lookback=timedelta(hours=3))
    [stored] = warehouse.execute("select state, last_error from ops.integration_credential").fetchall()
    assert stored["state"] == "consent_lost" and "E416" in stored["last_error"]


def test_a_migrated_plant_is_read_on_under_its_new_ids(sites, portal, warehouse):
    extract(sites[BERLIN_PLANT], lookback=timedelta(hours=6))
    portal.control("migrate", plant_id=BERLIN_PLANT)
    portal.clock.move_to(NOW + timedelta(hours=2))
    portal.authority.expire()
    extract(sites[BERLIN_PLANT], until=NOW + timedelta(hours=2))
    publish()
    query = """
    select count(distinct r.meter_id) as meters, count(*) as readings, count(distinct r."timestamp") as slots
    from canonical.meter_reading as r inner join core.meter as m using (meter_id) where m.name = %s
    """
    found = warehouse.execute(query, [SENSORS[BERLIN_PLANT]]).fetchone()
    assert (found["meters"], found["readings"], found["slots"]) == (1, 16 * 12 + 1, 16 * 12 + 1)
    row = warehouse.execute(
        "select external_site_id from ops.integration_site where integration_site_id = %s", [sites[BERLIN_PLANT]]
    ).fetchone()
    assert row["external_site_id"] == f"77{BERLIN_PLANT}"


def test_an_account_tells_inverters_and_sensors_in_the_form_that_registration_takes(sites, warehouse):
    from include.pipeline.discover import discover

    found = discover(1, "sma", "owner")
    types = {meter["devices"][0]["device"]: meter["meter_type"] for p in found["projects"] for meter in p["meters"]}
    assert types["9912021"] == "INVERTER" and types["9912025"] == "IRRADIANCE"
    assert "9912026" not in types
