"""The sites behind the SolarEdge simulator and their readings, from the recorded roof in `plant.py`.

Energy is mean power times a quarter of an hour. The first site's inverters split the roof 60 to 40
exactly, its meter counts all of it. The second site delivers power in KW and energy in WH. About one
interval in 150 of each device is null. The interval that is still running holds what came so far.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.plant import INTERVAL, chance, floor, power_w

DENVER_SITE = 2016001
BERLIN_SITE = 2016002
FORBIDDEN_SITE = 2016403
FIRST_OF_FLEET = 3000000
NULL_SHARE = 1 / 150
QUARTER_HOUR_H = Decimal("0.25")

Series = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Device:
    """An inverter or production meter; `share` is its part of the recorded roof."""

    serial: str
    kind: str
    share: Decimal
    nameplate_w: int
    power_unit: str = "W"
    volts: Decimal = Decimal(240)
    hertz: Decimal = Decimal(60)


@dataclass(frozen=True, slots=True)
class Plant:
    """A site of the simulated account."""

    site_id: int
    name: str
    zone: ZoneInfo
    peak_power_kw: float
    location: dict[str, Any]
    devices: tuple[Device, ...]

    @property
    def share(self) -> Decimal:
        """The site's part of the recorded roof."""
        return sum((device.share for device in self.devices if device.kind == "INVERTER"), Decimal(0))


PLANTS = {
    DENVER_SITE: Plant(
        DENVER_SITE,
        "Table Mesa Library",
        ZoneInfo("America/Denver"),
        6.0,
        {"city": "Denver", "country": "United States", "countryCode": "US", "latitude": 39.74, "longitude": -104.99},
        (
            Device("5E10A160-01", "INVERTER", Decimal("0.6"), 3800),
            Device("5E10A140-02", "INVERTER", Decimal("0.4"), 2500),
            Device("5E10AE00-M1", "METER", Decimal(1), 0),
        ),
    ),
    BERLIN_SITE: Plant(
        BERLIN_SITE,
        "Gewerbehof Wedding",
        ZoneInfo("Europe/Berlin"),
        10.8,
        {"city": "Berlin", "country": "Germany", "countryCode": "DE", "latitude": 52.55, "longitude": 13.36},
        (
            Device("5E20B180-01", "INVERTER", Decimal("1.8"), 10000, "KW", Decimal(230), Decimal(50)),
            Device("5E20BE00-M1", "METER", Decimal("1.8"), 0, "KW", Decimal(230), Decimal(50)),
        ),
    ),
}


def fleet(count: int) -> dict[int, Plant]:
    """More sites of the same roof, each with an inverter and a meter of its own."""
    numbers = range(FIRST_OF_FLEET, FIRST_OF_FLEET + count)
    return {
        number: replace(PLANTS[BERLIN_SITE], site_id=number, name=f"Roof {number}", devices=_pair(number))
        for number in numbers
    }


def _pair(number: int) -> tuple[Device, Device]:
    return (
        Device(f"{number}-01", "INVERTER", Decimal("1.8"), 10000, "KW", Decimal(230), Decimal(50)),
        Device(f"{number}-M1", "METER", Decimal("1.8"), 0, "KW", Decimal(230), Decimal(50)),
    )


class Readings:
    """What the devices measured, for one seed and clock; restated values replace the first ones."""

    def __init__(self, seed: int, clock: Callable[[], datetime]) -> None:
        self.seed = seed
        self.clock = clock
        self.factors: dict[tuple[str, datetime], Decimal] = {}

    def restate(self, plant: Plant, serial: str, hours_back: int = 36, factor: str = "1.1") -> dict[str, Any]:
        """Change the value of one device `hours_back` hours ago; returns what was changed, in W."""
        device = next(device for device in plant.devices if device.serial == serial)
        start = floor(self.clock()) - timedelta(hours=hours_back)
        before = self.power_w(plant, device, start)
        self.factors[serial, start] = Decimal(factor)
        after = self.power_w(plant, device, start)
        return {"interval_start": start.isoformat(), "before_w": _number(before), "after_w": _number(after)}

    def power_w(self, plant: Plant, device: Device, start: datetime) -> Decimal | None:
        """Mean power of a device in the quarter hour from `start`, W; None where the portal has no value."""
        factor = self.factors.get((device.serial, start))
        if factor is None and chance(self.seed, device.serial, start.isoformat()) < NULL_SHARE:
            return None
        return power_w(plant.zone, start) * device.share * self._elapsed(start) * (factor or 1)

    def inverter(self, plant: Plant, device: Device, begin: datetime, end: datetime) -> dict[str, Series]:
        """Telemetry of one inverter; labels of voltage and frequency name the end of the interval."""
        starts = list(self.intervals(begin, end))
        watts = [self.power_w(plant, device, start) for start in starts]
        volts = [
            device.volts + Decimal(int(chance(self.seed, "volt", start.isoformat()) * 60)) / 10 for start in starts
        ]
        amperes = [None if w is None else round(abs(w) / v, 2) for w, v in zip(watts, volts, strict=True)]
        hertz = [device.hertz + Decimal(int(chance(self.seed, "hertz", s.isoformat()) * 9) - 4) / 100 for s in starts]
        ends = [start + INTERVAL for start in starts]
        return {
            "power": _series(plant, device.power_unit, starts, _power(device, watts)),
            "energy": _series(plant, "WH", starts, _energy(watts)),
            "voltage": _series(plant, "VOLT", ends, volts),
            "current": _series(plant, "AMPERE", starts, amperes),
            "frequency": _series(plant, "HERTZ", ends, hertz),
        }

    def meter(self, plant: Plant, device: Device, begin: datetime, end: datetime) -> dict[str, Series]:
        """Telemetry of one production meter."""
        starts = list(self.intervals(begin, end))
        watts = [self.power_w(plant, device, start) for start in starts]
        return {
            "productionEnergy": _series(plant, "WH", starts, _energy(watts)),
            "productionPower": _series(plant, device.power_unit, starts, _power(device, watts)),
        }

    def site(self, plant: Plant, quantity: str, begin: datetime, end: datetime) -> Series:
        """The site's own series, `energy` in WH or `power` in W."""
        starts = list(self.intervals(begin, end))
        watts = [power_w(plant.zone, start) * plant.share * self._elapsed(start) for start in starts]
        return (
            _series(plant, "WH", starts, _energy(watts)) if quantity == "energy" else _series(plant, "W", starts, watts)
        )

    def intervals(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """Quarter hours that begin in [begin, end) and not in the future."""
        start = floor(begin)
        if start < begin:
            start += INTERVAL
        while start < end and start <= self.clock():
            yield start
            start += INTERVAL

    def _elapsed(self, start: datetime) -> Decimal:
        """The part of the quarter hour that is over, 0 to 1."""
        seconds = min(max((self.clock() - start).total_seconds(), 0), INTERVAL.total_seconds())
        return Decimal(int(seconds)) / int(INTERVAL.total_seconds())


def _power(device: Device, watts: list[Decimal | None]) -> list[Decimal | None]:
    return [w if w is None or device.power_unit == "W" else w / 1000 for w in watts]


def _energy(watts: list[Decimal | None]) -> list[Decimal | None]:
    return [None if w is None else w * QUARTER_HOUR_H for w in watts]


def _series(plant: Plant, unit: str, labels: list[datetime], values: list[Decimal | None]) -> Series:
    points = [
        {"timestamp": label.astimezone(plant.zone).isoformat(), "value": _number(value)}
        for label, value in zip(labels, values, strict=True)
    ]
    return {"unit": unit, "resolution": "QUARTER_HOUR", "values": points}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
