"""What the GoodWe simulator promises to those who compare against it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from simulators.goodwe import DEMO_ACCOUNT, DEMO_PASSWORD, create_app
from simulators.goodwe_plants import BERLIN_STATION, DENVER_STATION, STATIONS, Readings, bounds
from simulators.goodwe_sessions import Sessions
from simulators.plant import power_w
from simulators.server import Clock

NOW = datetime(2026, 6, 10, 12, 7, tzinfo=UTC)
DAY = date(2026, 6, 9)


@pytest.fixture
def readings():
    return Readings(0, lambda: NOW)


@pytest.mark.parametrize("station_id", STATIONS)
def test_the_minutes_of_a_quarter_hour_have_the_recorded_mean_exactly(readings, station_id):
    station = STATIONS[station_id]
    start, end = bounds(station.zone, DAY)
    found = dict(readings.minutes(station, start, end))
    assert len(found) == 24 * 60
    while start < end:
        minutes = [found[start + timedelta(minutes=n)] for n in range(15)]
        known = [power for power in minutes if power is not None]
        assert sum(known) / len(known) * 1000 == power_w(station.zone, start) * station.share
        assert len(known) == 15 - 2 * readings.lost_pairs(station, start)
        start += timedelta(minutes=15)
    assert len({power for power in found.values() if power}) > 500


def test_samples_do_not_depend_on_the_order_of_calls():
    station, (start, end) = STATIONS[BERLIN_STATION], bounds(STATIONS[BERLIN_STATION].zone, DAY)
    first, second = Readings(3, lambda: NOW), Readings(3, lambda: NOW)
    list(second.minutes(station, start + timedelta(hours=5), end))
    assert list(first.minutes(station, start, end)) == list(second.minutes(station, start, end))


def test_no_sample_comes_from_the_future(readings):
    start, end = bounds(STATIONS[BERLIN_STATION].zone, NOW.date())
    assert max(at for at, _ in readings.minutes(STATIONS[BERLIN_STATION], start, end)) == NOW


def test_the_energy_of_a_day_is_that_of_its_quarter_hours(readings):
    station = STATIONS[DENVER_STATION]
    start, _ = bounds(station.zone, DAY)
    expected = sum(power_w(station.zone, start + n * timedelta(minutes=15)) for n in range(96)) / 4000
    assert readings.day_kwh(station, DAY) == expected * station.share


def test_counters_are_floored_to_ten_watt_hours_and_nested(readings):
    station = STATIONS[DENVER_STATION]
    counted = readings.registers_kwh(station, station.inverters[0])
    assert list(counted.values()) == sorted(counted.values())
    assert all(value == value.quantize(Decimal("0.01")) for value in counted.values())


def test_a_login_without_the_three_flags_is_incomplete():
    sessions = Sessions(lambda: NOW, DEMO_ACCOUNT, DEMO_PASSWORD, timedelta(hours=1))
    client = TestClient(create_app(clock=Clock(NOW, is_frozen=True)))
    headers = {"x-signature": signature("", "")}
    login = {"account": DEMO_ACCOUNT, "pwd": encoded(sessions.md5)}
    path = "/web/sems/sems-user/api/v1/auth/cross-login"
    assert client.post(path, json=login, headers=headers).json()["data"]["uid"] == ""
    flags = {"agreement": 1, "isLocal": False, "isChinese": False}
    data = client.post(path, json=login | flags, headers=headers).json()["data"]
    assert data["uid"] and data["token"] and data["timestamp"] and data["api"].endswith("/web/sems")
    refused = client.post(path, json=login | {"pwd": "x"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (200, "100005")


def test_errors_come_as_http_200_with_a_code():
    client = TestClient(create_app(clock=Clock(NOW, is_frozen=True)))
    answer = client.get("/web/sems/sems-plant/api/stations/flow", params={"stationId": BERLIN_STATION})
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, "100001", None)
    token = client.post("/api/OpenApi/GetToken", json={})
    assert (token.status_code, token.json()["code"]) == (200, 100025)


def encoded(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def signature(uid: str, token: str) -> str:
    import hashlib

    return encoded(f"{hashlib.sha256(f'1@{uid}@{token}'.encode()).hexdigest()}@1")
