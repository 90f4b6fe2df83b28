"""The stations behind the GoodWe simulator, from the recorded roof in `plant.py`, a sample a minute.

The minutes of a quarter hour spread around its recorded power in pairs that cancel out, so that their mean is the
recorded value exactly. Where minutes are lost they are lost in pairs, which keeps the mean: about one quarter hour in
40 lacks two of its minutes, one in 300 lacks six and is too thin to integrate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulators.plant import INTERVAL, chance, floor, power_w

DENVER_STATION = "6f1c2a70-5d0e-4c53-9a4e-20160001d001"
BERLIN_STATION = "6f1c2a70-5d0e-4c53-9a4e-20160002b002"
FORBIDDEN_STATION = "6f1c2a70-5d0e-4c53-9a4e-201604030403"

MINUTE = timedelta(minutes=1)
THIN_SHARE, GAPPY_SHARE = 1 / 300, 1 / 40
SPREAD = Decimal("0.2")
REGISTERS_FROM = date(2025, 1, 1)
REGISTER_STEP_KWH = Decimal("0.01")
PERIODS = ("Today", "Week", "Month", "Year", "Total")


@dataclass(frozen=True, slots=True)
class Inverter:
    """An inverter; `share` is its part of the recorded roof."""

    serial: str
    share: Decimal
    rated_kw: int


@dataclass(frozen=True, slots=True)
class Station:
    """A station of the simulated account."""

    station_id: str
    name: str
    zone: ZoneInfo
    installed_kw: float
    inverters: tuple[Inverter, ...]
    others: tuple[tuple[str, str], ...] = ()

    @property
    def share(self) -> Decimal:
        """The station's part of the recorded roof."""
        return sum((inverter.share for inverter in self.inverters), Decimal(0))


STATIONS = {
    DENVER_STATION: Station(
        DENVER_STATION,
        "Mesa Verde Depot",
        ZoneInfo("America/Denver"),
        6.0,
        (Inverter("5036KETU216W0001", Decimal("0.6"), 4), Inverter("5036KETU216W0002", Decimal("0.4"), 3)),
    ),
    BERLIN_STATION: Station(
        BERLIN_STATION,
        "Markthalle Moabit",
        ZoneInfo("Europe/Berlin"),
        10.8,
        (Inverter("9010KETT225W0003", Decimal("1.8"), 10),),
        (("SMART_METER", "9300HMK1000S0001"), ("BAT_SYS", "9010KETT225W0003-B1")),
    ),
}


class Readings:
    """What the stations measured, for one seed and clock; restated quarter hours replace the first ones."""

    def __init__(self, seed: int, clock: Callable[[], datetime]) -> None:
        self.seed = seed
        self.clock = clock
        self.factors: dict[tuple[str, datetime], Decimal] = {}

    def restate(self, station: Station, hours_back: int = 36, factor: str = "1.1") -> datetime:
        """Change the power of a station `hours_back` hours ago; returns the quarter hour."""
        start = floor(self.clock()) - timedelta(hours=hours_back)
        self.factors[station.station_id, start] = Decimal(factor)
        return start

    def power_kw(self, station: Station, start: datetime) -> Decimal:
        """Mean power of a station in the quarter hour from `start`, kW."""
        factor = self.factors.get((station.station_id, start), Decimal(1))
        return power_w(station.zone, start) * station.share * factor / 1000

    def lost_pairs(self, station: Station, start: datetime) -> int:
        """How many pairs of minutes of a quarter hour have no value; three make it too thin."""
        drawn = chance(self.seed, "lost", station.station_id, start.isoformat())
        return 3 if drawn < THIN_SHARE else 1 if drawn < THIN_SHARE + GAPPY_SHARE else 0

    def minutes(self, station: Station, begin: datetime, end: datetime) -> Iterator[tuple[datetime, Decimal | None]]:
        """The samples from `begin` to `end` that have come so far, kW; None where there is no value."""
        start = floor(begin)
        while start < end:
            for number, power in enumerate(self._spread(station, start)):
                at = start + number * MINUTE
                if begin <= at < end and at <= self.clock():
                    yield at, power
            start += INTERVAL

    def day_kwh(self, station: Station, day: date) -> Decimal:
        """Energy of a local day so far, kWh; what was restated counts."""
        restated = sum(
            (
                power_w(station.zone, start) * station.share * (factor - 1) / 4000
                for (station_id, start), factor in self.factors.items()
                if station_id == station.station_id and start.astimezone(station.zone).date() == day
            ),
            Decimal(0),
        )
        return _roof_kwh(station.zone, day, *self._today(station, day)) * station.share + restated

    def registers_kwh(self, station: Station, inverter: Inverter) -> dict[str, Decimal]:
        """The counters of an inverter now, in steps of 10 Wh, by period."""
        today = self.clock().astimezone(station.zone).date()
        begins = {
            "Today": today,
            "Week": today - timedelta(days=today.weekday()),
            "Month": today.replace(day=1),
            "Year": today.replace(month=1, day=1),
            "Total": REGISTERS_FROM,
        }
        counted = {}
        for period in PERIODS:
            days = ((begins[period] + timedelta(days=n)) for n in range((today - begins[period]).days + 1))
            roof = sum((_roof_kwh(station.zone, day, *self._today(station, day)) for day in days), Decimal(0))
            counted[period] = (roof * inverter.share).quantize(REGISTER_STEP_KWH, ROUND_FLOOR)
        return counted

    def now_kw(self, station: Station) -> Decimal:
        """Power of a station at this minute, kW."""
        now = self.clock().replace(second=0, microsecond=0)
        start = floor(now)
        return self._spread(station, start, is_whole=True)[(now - start) // MINUTE]

    def _spread(self, station: Station, start: datetime, *, is_whole: bool = False) -> list[Decimal | None]:
        """The fifteen minutes of a quarter hour; the middle one has its mean."""
        power = self.power_kw(station, start)
        lost = 0 if is_whole else self.lost_pairs(station, start)
        minutes: list[Decimal | None] = [power] * 15
        for pair in range(7):
            drawn = Decimal(int(chance(self.seed, station.station_id, start.isoformat(), pair) * 2000) - 1000) / 1000
            minutes[pair] = None if pair < lost else power * (1 + SPREAD * drawn)
            minutes[14 - pair] = None if pair < lost else power * (1 - SPREAD * drawn)
        return minutes

    def _today(self, station: Station, day: date) -> tuple[datetime] | tuple[()]:
        now = self.clock()
        return (now,) if day == now.astimezone(station.zone).date() else ()


def bounds(zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    """First instants of a local day and of the next one."""
    first, after = (datetime.combine(at, time(), zone).astimezone(UTC) for at in (day, day + timedelta(days=1)))
    return first, after


@lru_cache(maxsize=4096)
def _roof_kwh(zone: ZoneInfo, day: date, until: datetime | None = None) -> Decimal:
    """Energy of the whole recorded roof on a local day, up to an instant, kWh."""
    start, end = bounds(zone, day)
    total_w = Decimal(0)
    while start < min(end, until or end):
        span = min(until - start, INTERVAL) if until else INTERVAL
        total_w += power_w(zone, start) * int(span.total_seconds()) / int(INTERVAL.total_seconds())
        start += INTERVAL
    return total_w / 4000
