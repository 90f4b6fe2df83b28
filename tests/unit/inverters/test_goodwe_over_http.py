"""The adapter against the simulator, over real HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from include.core import errors
from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import goodwe
from include.sources.inverters.base import Settings
from simulators import plant
from simulators.goodwe import DEMO_LOGIN, create_app
from simulators.goodwe_plants import BERLIN_STATION, DENVER_STATION, FORBIDDEN_STATION, STATIONS, Readings
from simulators.server import Clock, running
from tests.unit.inverters.goodwe_simulated import (
    NOW,
    QUARTER,
    behave,
    connect,
    local_day,
    logins,
    readings,
    serve,
    site,
)


@pytest.fixture(scope="module")
def portal():
    with serve() as url:
        yield url


def test_sites_and_devices_are_found(portal):
    account = connect(portal, stations_in_page=1)
    found = {site.external_site_id: site for site in account.sites()}
    assert list(found) == [DENVER_STATION, BERLIN_STATION]
    assert (found[BERLIN_STATION].time_zone, found[BERLIN_STATION].dc_capacity_w) == ("Europe/Berlin", 10_800)
    devices = [(device.kind, device.metadata["series"]) for device in account.devices(BERLIN_STATION)]
    sums = [("site", "psystem"), ("site", "day_total")]
    assert devices == [*sums, ("inverter", "inverters"), ("meter", ""), ("battery", "")]


@pytest.mark.parametrize("station_id", [DENVER_STATION, BERLIN_STATION])
def test_a_day_of_quarter_hours_is_the_plants_own(portal, station_id):
    window = local_day(station_id, 2026, 11, 18)
    rows = readings(connect(portal), site(station_id), window)
    assert [row["interval_start"] for row in rows] == [window.start + n * QUARTER for n in range(96)]
    station, made = STATIONS[station_id], Readings(0, lambda: NOW)
    for row in rows:
        recorded_w = plant.power_w(station.zone, row["interval_start"]) * station.share
        if made.lost_pairs(station, row["interval_start"]) == 3:
            assert row["quality"] == "missing" and row["energy"] is None
        else:
            assert row["quality"] == "estimated"
            assert row["power"] * 1000 == pytest.approx(float(recorded_w), abs=1e-6)
            assert row["energy"] * 1000 == pytest.approx(float(recorded_w) / 4, abs=1e-6)
    assert sum(row["energy"] is not None for row in rows) > 90


@pytest.mark.parametrize(
    ("station_id", "day", "count"),
    [
        (BERLIN_STATION, (2026, 3, 29), 92),
        (BERLIN_STATION, (2026, 10, 25), 100),
        (DENVER_STATION, (2026, 3, 8), 92),
        (DENVER_STATION, (2026, 11, 1), 100),
    ],
)
def test_a_day_of_a_clock_change_has_each_quarter_hour_once(portal, station_id, day, count):
    window = local_day(station_id, *day)
    rows = readings(connect(portal), site(station_id), window)
    assert [row["interval_start"] for row in rows] == [window.start + n * QUARTER for n in range(count)]
    assert not any("dst" in row["other_metrics"] or row["unparsed"] for row in rows)


def test_the_running_quarter_hour_is_left_for_later(portal):
    rows = readings(connect(portal), site(BERLIN_STATION), Window(NOW - QUARTER, NOW))
    assert max(row["interval_start"] for row in rows) == datetime(2026, 11, 20, 11, 45, tzinfo=UTC)


def test_a_window_is_asked_by_local_day_with_the_offset_of_the_day(portal):
    window = Window(datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 26, 1, tzinfo=UTC))
    asked = [answer.request["json"] for answer in connect(portal).fetch(site(BERLIN_STATION), window)]
    assert [(body["startTime"][:10], body["timeZone"]) for body in asked] == [
        ("2026-10-24", 2),
        ("2026-10-25", 1),
        ("2026-10-26", 1),
    ]
    assert all(body["endTime"] == f"{body['startTime'][:10]} 23:59:59" for body in asked)


def test_the_total_of_a_day_agrees_with_its_quarter_hours(portal):
    day = local_day(DENVER_STATION, 2026, 11, 18)
    rows = readings(connect(portal), site(DENVER_STATION, "psystem", "day_total"), day)
    [total] = [row for row in rows if row["interval_seconds"] == 86400]
    quarters = [row for row in rows if row["interval_seconds"] == 900]
    zone = STATIONS[DENVER_STATION].zone
    lost_wh = sum(plant.power_w(zone, row["interval_start"]) / 4 for row in quarters if row["quality"] == "missing")
    summed = sum(row["energy"] or 0 for row in quarters) + float(lost_wh) / 1000
    assert total["interval_start"] == day.start
    assert total["energy"] == pytest.approx(summed, abs=0.01) and summed > 5


def test_only_days_that_ended_in_the_window_have_a_total(portal):
    end = datetime(2026, 11, 19, 23, tzinfo=UTC)  # midnight in Berlin
    of = site(BERLIN_STATION, "day_total")
    assert len(readings(connect(portal), of, Window(end - 4 * QUARTER, end))) == 1
    assert readings(connect(portal), of, Window(end, end + 4 * QUARTER)) == []


def test_registers_of_two_polls_differ_by_the_energy_between(portal):
    clock = Clock(NOW, is_frozen=True)
    with running(create_app(clock=clock, calls_per_minute=10_000)) as url:
        account, found = connect(url, clock), []
        for _ in range(2):
            window = Window(clock() - QUARTER, goodwe.closed_until(clock()))
            found.append(readings(account, site(BERLIN_STATION, "inverters"), window))
            clock.move_to(clock() + QUARTER)
    [[first], [second]] = found
    assert second["interval_start"] - first["interval_start"] == QUARTER
    assert first["energy_total_unit"] == "kWh" and first["power_unit"] == "kW"
    assert 0 < second["energy_total"] - first["energy_total"] < 10.8 / 4


def test_inverters_are_asked_about_the_present_only(portal):
    window = Window(NOW - timedelta(days=2), NOW - timedelta(days=1))
    assert readings(connect(portal), site(DENVER_STATION, "inverters"), window) == []


def test_only_the_inverters_that_feed_our_meters_are_asked(portal):
    one = STATIONS[DENVER_STATION].inverters[1].serial
    of = Site(1, "goodwe", DENVER_STATION, "x", "America/Denver", ("inverters",), devices=(one,))
    assert [row["external_device_id"] for row in readings(connect(portal), of, Window(NOW - QUARTER, NOW))] == [one]


def test_the_same_bytes_in_the_next_quarter_hour_are_another_request(portal):
    clock = Clock(NOW, is_frozen=True)
    account = connect(portal, clock)
    marks = []
    for _ in range(2):
        window = Window(clock() - QUARTER, clock())
        [answer] = account.fetch(site(BERLIN_STATION, "inverters"), window)
        marks.append(answer.request["closed_until"])
        clock.move_to(clock() + timedelta(minutes=9))
    assert marks == ["2026-11-20T12:00:00+00:00", "2026-11-20T12:15:00+00:00"]
    past = account.fetch(site(BERLIN_STATION), local_day(BERLIN_STATION, 2026, 11, 18))
    assert all("closed_until" not in answer.request for answer in past)


def test_c8_sessions_that_end_in_the_middle_are_renewed_once():
    with serve() as url:
        account = connect(url)
        answers = account.fetch(site(DENVER_STATION), Window(NOW - timedelta(days=3), NOW))
        next(answers)
        requests.post(f"{url}/_control/end_sessions", timeout=5)
        assert len(list(answers)) == 3
        assert logins(url) == 2
        behave(url, refuse_sessions=True)
        with pytest.raises(errors.AuthFailed, match="100002"):
            list(account.sites())
        assert logins(url) == 3


def test_an_incomplete_login_stops_before_any_other_call():
    with serve() as url:
        behave(url, incomplete_login=True)
        with pytest.raises(errors.UnexpectedPayload, match="uid"):
            list(connect(url).sites())
        asked = requests.get(f"{url}/_control/requests", timeout=5).json()
    assert [request["path"].rsplit("/", 1)[-1] for request in asked] == ["GetToken", "cross-login"]


def test_c13_a_foreign_gateway_in_the_login_is_never_called():
    with serve() as url, serve() as foreign:
        behave(url, api=f"{foreign}/web/sems")
        assert len(list(connect(url).sites())) == 2
        assert requests.get(f"{foreign}/_control/requests", timeout=5).json() == []
        behave(url, api="https://eu-gateway.semsportal.com/web/sems")
        assert len(list(connect(url).sites())) == 2


def test_gy0429_is_waited_for():
    naps_s = []
    with serve() as url:
        account = connect(url, sleep=naps_s.append)
        next(account.sites())
        behave(url, throttled=1)
        naps_s.clear()
        assert len(list(account.sites())) == 2
    assert [round(nap_s) for nap_s in naps_s if nap_s > 10] == [60]


def test_c6_success_without_data_creates_no_reading():
    with serve() as url:
        account = connect(url)
        list(account.sites())
        behave(url, empty=1)
        with pytest.raises(errors.UnexpectedPayload, match="no data"):
            readings(account, site(DENVER_STATION), Window(NOW - QUARTER, NOW))


def test_a_wrong_signature_is_refused_by_the_simulator(portal):
    secret = Remembered(DEMO_LOGIN, lambda: NOW)
    account = goodwe.connect(secret, Settings(base_url=portal, sleep=lambda seconds: None, clock=lambda: NOW))
    list(account.sites())
    headers = {"token": json.dumps(secret.secret["session"]), "x-signature": "bm90QDE="}
    sent = requests.post(f"{portal}/web/sems/sems-plant/api/portal/stations/page", json={}, headers=headers, timeout=5)
    assert (sent.status_code, sent.json()["code"]) == (200, "100001")


def test_a_site_without_rights_does_not_stop_the_others(portal):
    account = connect(portal)
    with pytest.raises(errors.SiteForbidden):
        readings(account, site(FORBIDDEN_STATION), Window(NOW - QUARTER, NOW))
    assert readings(account, site(DENVER_STATION), Window(NOW - QUARTER, NOW))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 503}, errors.VendorUnavailable),
        ({"cut_after": 500}, errors.VendorUnavailable),
        ({"status": 200, "headers": {"content-type": "text/html"}, "body": "<html>log in"}, errors.AuthOrGateway),
    ],
)
def test_c2_c4_c5_faults_of_transport_end_as_named_errors(fault, error):
    with serve() as url:
        account = connect(url)
        list(account.sites())
        requests.post(f"{url}/_control/faults", json=[{"path": "statisticsAndPreV2", "times": 9, **fault}], timeout=5)
        with pytest.raises(error):
            readings(account, site(DENVER_STATION), Window(NOW - QUARTER, NOW))


def test_c15_a_restated_quarter_hour_is_read_again():
    window = Window(NOW - timedelta(hours=40), NOW - timedelta(hours=30))
    with serve() as url:
        before = readings(connect(url), site(BERLIN_STATION), window)
        changed_at = requests.post(
            f"{url}/_control/restate", params={"station_id": BERLIN_STATION, "factor": "1.5"}, timeout=5
        ).json()["interval_start"]
        after = readings(connect(url), site(BERLIN_STATION), window)
    changed = [new["interval_start"].isoformat() for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [changed_at]
