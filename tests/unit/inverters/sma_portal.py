"""The SMA simulator behind the adapter, with sites, windows and fixtures for tests over real HTTP."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import requests

from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import sma
from include.sources.inverters.base import Settings
from simulators.server import Clock
from simulators.sma import environment
from simulators.sma_plants import BERLIN_PLANT, DENVER_PLANT

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
BERLIN = Site(1, "sma", BERLIN_PLANT, "Berlin", "Europe/Berlin")
DENVER = Site(1, "sma", DENVER_PLANT, "Denver", "America/Denver")
QUARTER, FIVE = timedelta(minutes=15), timedelta(minutes=5)


class Portal:
    """A running simulator with its clock; sleeping moves the clock."""

    def __init__(self, url: str, app, clock: Clock) -> None:
        self.url, self.clock = url, clock
        self.authority, self.consents = app.state.authority, app.state.consents
        self.naps_s: list[float] = []

    def settings(self) -> Settings:
        options = {name.removeprefix("SMA_").lower(): value for name, value in environment(self.url).items()}
        return Settings(options.pop("base_url"), options, sleep=self.sleep, clock=self.clock)

    def sleep(self, seconds: float) -> None:
        self.naps_s.append(seconds)
        self.clock.move_to(self.clock() + timedelta(seconds=seconds))

    def connect(self, **secret: str):
        """An account with fresh tokens of the owner, unless a secret is given."""
        if not secret:
            issued = self.authority.issue()
            secret = {name: issued[name] for name in ("access_token", "refresh_token")}
        self.keeper = Remembered(secret, now=self.clock)
        return sma.connect(self.keeper, self.settings())

    def control(self, path: str, **query: str | int) -> dict:
        return requests.post(f"{self.url}/_control/{path}", params=query, timeout=10).json()

    def fault(self, **fault) -> None:
        requests.post(f"{self.url}/_control/faults", json=[fault], timeout=10)

    def asked(self) -> list[dict]:
        return requests.get(f"{self.url}/_control/requests", timeout=10).json()


def readings(account, site: Site, window: Window) -> list[dict]:
    answers = account.fetch(site, window)
    return [row for answer in answers for row in sma.parse(answer.body, answer.request, site)]


def local_day(site: Site, on: date) -> Window:
    bounds = [datetime.combine(day, datetime.min.time(), ZoneInfo(site.time_zone)) for day in (on, on + timedelta(1))]
    return Window(*(bound.astimezone(UTC) for bound in bounds))
