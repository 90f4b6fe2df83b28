"""GoodWe from the simulator to published readings: slot by slot, over clock changes, lost sessions and registers."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import AuthFailed
from include.core.records import Window
from include.security.tokens import Remembered
from simulators.goodwe import DEMO_ACCOUNT, DEMO_LOGIN, DEMO_PASSWORD, create_app
from simulators.goodwe_plants import BERLIN_STATION, DENVER_STATION, STATIONS, Readings
from simulators.plant import power_w
from simulators.server import Clock, running
from tests.pipeline.goodwe_account import (
    DAY,
    NOW,
    QUARTER,
    SEED,
    Portal,
    extract,
    land,
    local_midnight,
    publish,
    register,
    registered,
    sum_of,
)
from tests.pipeline.oracle import count, state

READINGS = """
select "timestamp" as at, energy_wh, power_w, quality, other_metrics from canonical.meter_reading
where external_device_id = %s order by "timestamp"
"""


@pytest.fixture
def portal(monkeypatch):
    clock = Clock(NOW, is_frozen=True)
    with running(create_app(seed=SEED, clock=clock, calls_per_minute=10_000)) as url:
        monkeypatch.setenv("GOODWE_BASE_URL", url)
        monkeypatch.setenv("GOODWE_SECONDS_BETWEEN_CALLS", "0")
        yield Portal(url, clock)


@pytest.fixture
def sites(warehouse, portal, monkeypatch) -> dict[str, int]:
    """Ids of the two registered sites by station."""
    return register(warehouse, monkeypatch)


def compare(rows: list[dict], station_id: str) -> int:
    """Hold stored readings against the plant's own; returns how many had energy."""
    station, made = STATIONS[station_id], Readings(SEED, lambda: NOW)
    with_energy = 0
    for row in rows:
        recorded_w = float(power_w(station.zone, row["at"]) * station.share)
        if made.lost_pairs(station, row["at"]) == 3:
            assert (row["quality"], row["energy_wh"], row["power_w"]) == ("missing", None, None)
            continue
        with_energy += 1
        assert row["quality"] == "estimated"
        assert float(row["power_w"]) == pytest.approx(recorded_w, abs=1e-5)
        assert float(row["energy_wh"]) == pytest.approx(recorded_w / 4, abs=1e-5)
        assert row["other_metrics"]["sample_count"] in {13, 15}
    return with_energy


@pytest.mark.parametrize("station_id", STATIONS)
def test_a_day_is_the_plants_own_slot_by_slot(sites, warehouse, station_id):
    end = local_midnight(station_id, 2026, 6, 10)
    extract(sites[station_id], until=end + timedelta(minutes=3), lookback=DAY)
    publish()
    rows = warehouse.execute(READINGS, [sum_of(station_id)]).fetchall()
    assert [row["at"] for row in rows] == [end - DAY + n * QUARTER for n in range(96)]
    assert compare(rows, station_id) > 90
    assert count(warehouse, "quarantine.rejected_row") == 0


@pytest.mark.parametrize(
    ("station_id", "day", "slots"),
    [
        (BERLIN_STATION, (2026, 3, 29), 92),
        (BERLIN_STATION, (2025, 10, 26), 100),
        (DENVER_STATION, (2026, 3, 8), 92),
        (DENVER_STATION, (2025, 11, 2), 100),
    ],
)
def test_d2_d3_days_of_a_clock_change_are_complete_and_have_no_slot_twice(sites, warehouse, station_id, day, slots):
    start = local_midnight(station_id, *day)
    end = start + slots * QUARTER
    extract(sites[station_id], until=end + timedelta(minutes=3), lookback=end - start)
    publish()
    rows = warehouse.execute(READINGS, [sum_of(station_id)]).fetchall()
    assert [row["at"] for row in rows] == [start + n * QUARTER for n in range(slots)]
    compare(rows, station_id)
    daily = warehouse.execute(
        "select slots_expected from canonical.meter_aggregate where period_type = 'daily' and period_start = %s",
        [start],
    ).fetchone()
    assert daily["slots_expected"] == slots


def test_d3_a_time_in_the_spring_gap_is_refused_with_its_code(sites, portal, warehouse):
    times = [f"2026-03-29 {hour:02d}:{minute:02d}:00" for hour in range(12) for minute in range(60)]
    points = [{"tp": at, "power": 1.5} for at in times]
    body = {"code": "00000", "data": {"dataList": [{"item": "pSystem", "powerData": points}]}}
    load = land(sites[BERLIN_STATION], "/sems-plant/api/v1/hems/power/statisticsAndPreV2", body, {})
    assert (load["rows_in"], load["rows_rejected"]) == (48, 4)
    refused = warehouse.execute("select codes from quarantine.rejected_row").fetchall()
    assert all("R106_TS_NONEXISTENT" in row["codes"] for row in refused)


def test_reading_again_changes_nothing(sites, portal, warehouse):
    extract(sites[DENVER_STATION])
    publish()
    before = state(warehouse)
    extract(sites[DENVER_STATION])
    extract(sites[DENVER_STATION], lookback=2 * DAY)
    publish()
    assert state(warehouse) == before
    assert count(warehouse, "canonical.meter_reading_revision") == 0


def test_a_restated_quarter_hour_replaces_the_stored_one(sites, portal, warehouse):
    extract(sites[BERLIN_STATION], lookback=2 * DAY)
    publish()
    changed = portal.control("restate", station_id=BERLIN_STATION, hours_back=24, factor="1.5")["interval_start"]
    extract(sites[BERLIN_STATION], lookback=2 * DAY)
    publish()
    [revision] = warehouse.execute('select "timestamp" as at from canonical.meter_reading_revision').fetchall()
    assert revision["at"].isoformat() == changed


def test_a_login_is_stored_for_all_runs_and_renewed_when_it_is_over(sites, portal, warehouse):
    from include.warehouse.credentials import StoredCredential

    row = warehouse.execute("select credential_id, auth_type from ops.integration_credential").fetchone()
    for site in sites.values():
        extract(site, lookback=DAY)
    assert (row["auth_type"], portal.logins) == ("account_login", 1)
    first = StoredCredential(row["credential_id"]).read()
    assert (first["chosen_mode"], first["account"]) == ("sems_plus", DEMO_ACCOUNT)
    portal.control("end_sessions")
    extract(sites[BERLIN_STATION], lookback=DAY)
    second = StoredCredential(row["credential_id"]).read()
    assert portal.logins == 2 and second["access_token"] != first["access_token"]
    expires_at = warehouse.execute("select token_expires_at from ops.integration_credential").fetchone()
    assert expires_at["token_expires_at"].isoformat() == second["expires_at"]


def test_sessions_that_never_hold_stop_after_one_login_and_leave_the_mark(sites, portal, warehouse):
    portal.behave(refuse_sessions=True)
    with pytest.raises(AuthFailed, match="100002"):
        extract(sites[BERLIN_STATION])
    assert portal.logins == 2
    row = warehouse.execute("select high_water_mark, last_sync_error from ops.integration_site where name like 'Mark%'")
    found = row.fetchone()
    assert found["high_water_mark"] is None and "100002" in found["last_sync_error"]


def test_discovery_maps_what_is_read_by_itself(sites, warehouse):
    from include.pipeline.discover import discover

    organization = warehouse.execute("select organization_id from core.organization").fetchone()["organization_id"]
    found = discover(organization, "goodwe", "owner")
    devices = [meter["devices"][0]["device"] for project in found["projects"] for meter in project["meters"]]
    assert devices == [sum_of(station_id) for station_id in STATIONS]


def test_a_login_entered_as_an_api_key_works(warehouse, portal, monkeypatch):
    sites = register(warehouse, monkeypatch, secret={"api_key": json.dumps(DEMO_LOGIN)})
    assert extract(sites[BERLIN_STATION], lookback=DAY)["accepted"] == 2


def test_the_total_of_a_day_stands_beside_its_quarter_hours_and_a_gap_shows(warehouse, portal, monkeypatch):
    sites = register(warehouse, monkeypatch, "psystem", "day_total")
    midnight = local_midnight(BERLIN_STATION, 2026, 6, 10)
    extract(sites[BERLIN_STATION], lookback=DAY)
    publish()
    [gap] = warehouse.execute("select * from marts.rpt_day_gaps").fetchall()
    assert (gap["day_start"], gap["day_end"]) == (midnight - DAY, midnight)
    assert gap["gap_percent"] < 5 and gap["day_total_wh"] > 10_000
    [day] = warehouse.execute("select * from canonical.meter_reading where reading_interval_seconds = 86400").fetchall()
    assert (day["timestamp"], day["quality"]) == (midnight - DAY, "measured")
    # a total that is twice as much: the publication goes through with a warning, and the mart tells
    body = {"code": "00000", "data": {"proSystemTotalStats": float(gap["day_total_wh"]) / 500}}
    asked = {"dimension": "day", "startTime": "2026-06-09 00:00:00"}
    land(sites[BERLIN_STATION], "/sems-plant/api/stations/production", body, asked)
    publish()
    [gap] = warehouse.execute("select gap_percent from marts.rpt_day_gaps").fetchall()
    assert gap["gap_percent"] > 40


def test_registers_of_inverters_become_energy_between_the_polls(warehouse, portal, monkeypatch):
    from include.pipeline.land import land_answer
    from include.pipeline.process import process_all
    from include.sources.inverters import goodwe
    from include.sources.inverters.base import Settings

    site = registered(register(warehouse, monkeypatch, "inverters")[DENVER_STATION])
    portal.clock.move_to(datetime(2026, 6, 10, 4, 7, tzinfo=UTC))  # night in Denver: the same bytes twice
    settings = Settings(portal.url, {"seconds_between_calls": 0}, clock=portal.clock)
    account = goodwe.connect(Remembered(DEMO_LOGIN, portal.clock), settings)

    def poll() -> None:
        window = Window(portal.clock() - QUARTER, goodwe.closed_until(portal.clock()))
        landed = [land_answer(answer, site)["load_id"] for answer in account.fetch(site, window)]
        assert process_all(landed) == {"accepted": 2}
        publish()
        portal.clock.move_to(portal.clock() + QUARTER)

    poll()
    poll()
    portal.clock.move_to(datetime(2026, 6, 10, 17, 7, tzinfo=UTC))
    for _ in range(3):
        poll()
    serial = STATIONS[DENVER_STATION].inverters[0].serial
    rows = warehouse.execute(READINGS, [serial]).fetchall()
    assert [row["at"].hour for row in rows] == [4, 4, 17, 17, 17]
    assert [row["quality"] for row in rows] == ["estimated", "missing", "estimated", "estimated", "missing"]
    recorded_wh = float(power_w(STATIONS[DENVER_STATION].zone, rows[3]["at"])) * 0.6 / 4
    assert float(rows[3]["energy_wh"]) == pytest.approx(recorded_wh, rel=0.6) and rows[3]["energy_wh"] > 0
    assert rows[3]["other_metrics"]["energy_basis"] == "register"
    assert rows[3]["other_metrics"]["inverter_temperature_c"] == 29.2


def test_nothing_that_is_stored_shows_a_secret(sites, portal, warehouse, tmp_path):
    import base64
    import hashlib

    extract(sites[BERLIN_STATION], lookback=DAY)
    digest = hashlib.md5(DEMO_PASSWORD.encode(), usedforsecurity=False).hexdigest()
    secrets = [DEMO_PASSWORD, digest, base64.b64encode(digest.encode()).decode()]
    requests_ = warehouse.execute("select request::text as text from ops.ingestion_log").fetchall()
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(requests_) == 2 and kept
    for secret in [*secrets, "x-signature", "cross-login"]:
        assert not any(secret in row["text"] for row in requests_)
        assert not any(secret.encode() in content for content in kept)
