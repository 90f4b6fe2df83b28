"""A GoodWe account over real HTTP, at the simulator."""

from datetime import UTC, datetime, timedelta

import requests

from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import goodwe
from include.sources.inverters.base import Settings
from simulators.goodwe import DEMO_LOGIN, create_app
from simulators.goodwe_plants import STATIONS
from simulators.server import Clock, running

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
CURVE = "/power/statisticsAndPreV2"


def serve(**options):
    return running(create_app(clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000, **options))


def connect(url, clock=lambda: NOW, sleep=lambda seconds: None, secret=DEMO_LOGIN, **options):
    settings = Settings(base_url=url, options=options, sleep=sleep, clock=clock)
    return goodwe.connect(Remembered(secret, clock), settings)


def site(station_id, *series):
    found = STATIONS.get(station_id)
    zone = found.zone.key if found else "UTC"
    return Site(1, "goodwe", station_id, "a station", zone, series)


def readings(account, of, window):
    return [row for answer in account.fetch(of, window) for row in goodwe.parse(answer.body, answer.request, of)]


def local_day(station_id, year, month, day):
    zone = STATIONS[station_id].zone
    start, end = (datetime(year, month, at, tzinfo=zone).astimezone(UTC) for at in (day, day + 1))
    return Window(start, end)


def behave(url, **behaviour):
    requests.post(f"{url}/_control/goodwe", json=behaviour, timeout=5)


def logins(url):
    return requests.get(f"{url}/_control/logins", timeout=5).json()["logins"]
