"""The systems behind the Enphase simulator and their readings, from the recorded roof in `plant.py`.

Energies are whole watt-hours, as the vendor delivers them. The quarter hour of a meter is the sum of its three
5-minute intervals of the microinverters, and a meter's channels add up to it. Of the microinverters about one
interval in 150 is not delivered, and one in 100 lacks three devices. The running interval is not delivered.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.plant import INTERVAL, chance, floor, power_w

DENVER_SYSTEM = 4410021
BERLIN_SYSTEM = 4410022
FORBIDDEN_SYSTEM = 4410403
MICRO_INTERVAL = timedelta(minutes=5)
REPORT_DELAY = timedelta(seconds=60)
OMITTED_SHARE = 1 / 150
PARTIAL_SHARE = 1 / 100
SILENT_MICROS = 3

Interval = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plant:
    """A system of the simulated account; `share` is its part of the recorded roof."""

    system_id: int
    name: str
    zone: ZoneInfo
    address: dict[str, str]
    share: Decimal
    micros: tuple[str, ...]
    gateway: str
    channels: int
    has_grid_meter: bool
    operational_at: datetime

    @property
    def production_meter(self) -> str:
        """Serial number of the production meter."""
        return f"{self.gateway}EIM1"

    @property
    def grid_meter(self) -> str:
        """Serial number of the meter at the grid, which may be switched off."""
        return f"{self.gateway}EIM2"


PLANTS = {
    DENVER_SYSTEM: Plant(
        DENVER_SYSTEM,
        "Mesa Street House",
        ZoneInfo("America/Denver"),
        {"city": "Denver", "state": "CO", "country": "US", "postal_code": "80202"},
        Decimal(1),
        tuple(f"1222000{n:05d}" for n in range(1, 19)),
        "122200058195",
        2,
        has_grid_meter=True,
        operational_at=datetime(2022, 7, 6, 6, tzinfo=UTC),
    ),
    BERLIN_SYSTEM: Plant(
        BERLIN_SYSTEM,
        "Remise Pankow",
        ZoneInfo("Europe/Berlin"),
        {"city": "Berlin", "state": "BE", "country": "DE", "postal_code": "13187"},
        Decimal("1.8"),
        tuple(f"1222100{n:05d}" for n in range(1, 31)),
        "122100071300",
        3,
        has_grid_meter=False,
        operational_at=datetime(2025, 3, 1, 8, tzinfo=UTC),
    ),
}


class Readings:
    """What the systems delivered, for one seed and clock."""

    def __init__(self, seed: int, clock: Callable[[], datetime]) -> None:
        self.seed = seed
        self.clock = clock
        self.factors: dict[tuple[int, datetime], Decimal] = {}
        self.silent_since: dict[int, datetime] = {}

    def reported_at(self, plant: Plant) -> datetime:
        """When the gateway last reported; what ended later is not known yet."""
        now = self.clock() - REPORT_DELAY
        return min(now, self.silent_since.get(plant.system_id, now)).replace(microsecond=0)

    def restate(self, plant: Plant, hours_back: int = 36, factor: str = "1.1") -> dict[str, Any]:
        """Change one quarter hour `hours_back` hours ago; returns what was changed, in Wh."""
        start = floor(self.clock()) - timedelta(hours=hours_back)
        before = self.quarter_wh(plant, start)
        self.factors[plant.system_id, start] = Decimal(factor)
        return {
            "interval_start": start.isoformat(),
            "before_wh": before,
            "after_wh": self.quarter_wh(plant, start),
        }

    def quarter_wh(self, plant: Plant, start: datetime) -> int:
        """Energy of the quarter hour from `start`, Wh."""
        return round(self._power_w(plant, start) / 4)

    def micros_wh(self, plant: Plant, start: datetime) -> int:
        """Energy of the 5 minutes from `start` with every microinverter, Wh; three of them make a quarter hour."""
        quarter = floor(start)
        power, part = self._power_w(plant, quarter), (start - quarter) // MICRO_INTERVAL
        return round(power * (part + 1) / 12) - round(power * part / 12)

    def used_wh(self, plant: Plant, start: datetime) -> int:
        """Energy that the house used in the quarter hour from `start`, Wh."""
        return 90 + int(chance(self.seed, plant.system_id, "use", start.isoformat()) * 160)

    def is_omitted(self, plant: Plant, start: datetime) -> bool:
        """Whether the 5 minutes from `start` are never delivered."""
        return chance(self.seed, plant.system_id, "omitted", start.isoformat()) < OMITTED_SHARE

    def is_partial(self, plant: Plant, start: datetime) -> bool:
        """Whether some microinverters are lacking in the 5 minutes from `start`."""
        return chance(self.seed, plant.system_id, "partial", start.isoformat()) < PARTIAL_SHARE

    def micros(self, plant: Plant, begin: datetime, end: datetime) -> list[Interval]:
        """The sum of the microinverters; power is the mean of the interval."""
        total, found = len(plant.micros), []
        for start in self.starts(plant, begin, end, MICRO_INTERVAL):
            if self.is_omitted(plant, start):
                continue
            reporting = total - SILENT_MICROS if self.is_partial(plant, start) else total
            energy = round(Decimal(self.micros_wh(plant, start) * reporting) / total)
            ends = _epoch(start + MICRO_INTERVAL)
            found.append({"end_at": ends, "devices_reporting": reporting, "powr": energy * 12, "enwh": energy})
        return found

    def micro(self, plant: Plant, serial: str, begin: datetime, end: datetime) -> list[Interval]:
        """One microinverter: an equal part of the sum, the rest with the first ones."""
        total, place, found = len(plant.micros), plant.micros.index(serial), []
        for start in self.starts(plant, begin, end, MICRO_INTERVAL):
            each, rest = divmod(self.micros_wh(plant, start), total)
            energy = each + (1 if place < rest else 0)
            found.append({"end_at": _epoch(start + MICRO_INTERVAL), "powr": energy * 12, "enwh": energy})
        return found

    def meter(self, plant: Plant, begin: datetime, end: datetime) -> list[Interval]:
        """The production meter's quarter hours."""
        return [
            {"end_at": _epoch(start + INTERVAL), "devices_reporting": 1, "wh_del": self.quarter_wh(plant, start)}
            for start in self.starts(plant, begin, end, INTERVAL)
        ]

    def channels(self, plant: Plant, begin: datetime, end: datetime) -> list[Interval]:
        """The same by channel; `curr_w` is what the channel showed when the meter was read."""
        found = []
        for channel in range(1, plant.channels + 1):
            for start in self.starts(plant, begin, end, INTERVAL):
                each, rest = divmod(self.quarter_wh(plant, start), plant.channels)
                energy = each + (rest if channel == 1 else 0)
                shown = int(energy * 4 * (0.9 + 0.2 * chance(self.seed, channel, start.isoformat())))
                found.append(
                    {"channel": channel, "wh_del": energy, "curr_w": shown, "end_at": _epoch(start + INTERVAL)}
                )
        return found

    def consumption(self, plant: Plant, begin: datetime, end: datetime) -> list[Interval]:
        """What the house used; nothing without a meter at the grid."""
        return [
            {"end_at": _epoch(start + INTERVAL), "devices_reporting": 1, "enwh": self.used_wh(plant, start)}
            for start in self._grid_starts(plant, begin, end)
        ]

    def imported(self, plant: Plant, begin: datetime, end: datetime) -> list[list[Interval]]:
        """What came from the grid, in one inner list."""
        starts = self._grid_starts(plant, begin, end)
        return [[{"end_at": _epoch(at + INTERVAL), "wh_imported": max(self._net_wh(plant, at), 0)} for at in starts]]

    def exported(self, plant: Plant, begin: datetime, end: datetime) -> list[list[Interval]]:
        """What went to the grid, in one inner list."""
        starts = self._grid_starts(plant, begin, end)
        return [[{"end_at": _epoch(at + INTERVAL), "wh_exported": max(-self._net_wh(plant, at), 0)} for at in starts]]

    def starts(self, plant: Plant, begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
        """Intervals within [begin, end) that the gateway has reported."""
        seconds = int(step.total_seconds())
        begin = max(begin, plant.operational_at)
        start = begin + timedelta(seconds=-int(begin.timestamp()) % seconds)
        while start + step <= min(end, self.reported_at(plant)):
            yield start
            start += step

    def _grid_starts(self, plant: Plant, begin: datetime, end: datetime) -> Iterator[datetime]:
        return self.starts(plant, begin, end if plant.has_grid_meter else begin, INTERVAL)

    def _net_wh(self, plant: Plant, start: datetime) -> int:
        return self.used_wh(plant, start) - self.quarter_wh(plant, start)

    def _power_w(self, plant: Plant, start: datetime) -> Decimal:
        """Mean power of a quarter hour; the recording's night consumption is not seen by microinverters."""
        power = max(power_w(plant.zone, start), Decimal(0))
        return power * plant.share * self.factors.get((plant.system_id, start), 1)


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
