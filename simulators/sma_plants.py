"""The plants behind the SMA simulator and what their devices measured, from the recorded roof in `plant.py`.

Within a quarter hour the power is constant, so the energy of five minutes is a twelfth of an hour's. Inverters of the
first plant deliver quarter hours, those of the second five minutes. An inverter is off at night and then delivers
nothing; by day about one interval in 150 is left out, and one in 300 comes without its value. Sensors and the plant's
own series run day and night; irradiance and temperatures follow from the recorded power.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.plant import INTERVAL, chance, floor, power_w

OWNER = "owner@example.com"
DENVER_PLANT, BERLIN_PLANT = "9912001", "9912002"
OMITTED_SHARE, VALUELESS_SHARE = 1 / 150, 1 / 300
ROOF_W_PER_WM2 = Decimal("4.2")  # recorded power per irradiance
HOUR_S = 3600
RESOLUTIONS = {timedelta(minutes=5): "FiveMinutes", timedelta(minutes=15): "FifteenMinutes"}

Point = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a plant; `share` is an inverter's part of the recorded roof."""

    device_id: str
    name: str
    kind: str
    product: str
    serial: str = ""
    share: Decimal = Decimal(0)
    nominal_w: int = 0
    deactivated_at: str = ""

    @property
    def sets(self) -> tuple[str, ...]:
        """The measurement sets that the device has."""
        return {"Solar Inverters": ("EnergyAndPowerPv", "PowerAc"), "Sensor technology": ("Sensor",)}.get(self.kind, ())


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant of the simulated owner."""

    plant_id: str
    name: str
    zone: ZoneInfo
    step: timedelta
    peak_w: int
    address: dict[str, Any]
    devices: tuple[Device, ...]

    @property
    def share(self) -> Decimal:
        """The plant's part of the recorded roof."""
        return sum((device.share for device in self.devices), Decimal(0))


PLANTS = {
    DENVER_PLANT: Plant(
        DENVER_PLANT,
        "Prospect Street Depot",
        ZoneInfo("America/Denver"),
        timedelta(minutes=15),
        6000,
        {"country": "US", "federalState": "Colorado", "city": "Denver", "latitude": 39.74, "longitude": -104.99},
        (
            Device("9912010", "SB 3.0 SN 3009990010", "Solar Inverters", "SB3.0-1AV-40", "3009990010", nominal_w=3000,
                   deactivated_at="2025-02-11T09:30:00"),
            Device("9912011", "SB 3.8 SN 3009990011", "Solar Inverters", "SB3.8-1SP-US-40", "3009990011",
                   Decimal("0.6"), 3800),
            Device("9912012", "SB 2.5 SN 3009990012", "Solar Inverters", "SB2.5-1VL-40", "3009990012",
                   Decimal("0.4"), 2500),
            Device("9912015", "Roof sensor", "Sensor technology", "Satellite Sensor"),
            Device("9912019", "Data Manager", "Monitoring and control", "EDMM-10", "3009990019"),
        ),
    ),
    BERLIN_PLANT: Plant(
        BERLIN_PLANT,
        "Lagerhalle Moabit",
        ZoneInfo("Europe/Berlin"),
        timedelta(minutes=5),
        10800,
        {"country": "DE", "federalState": "Berlin", "city": "Berlin", "latitude": 52.53, "longitude": 13.34},
        (
            Device("9912021", "STP 10 SN:3009990021", "Solar Inverters", "STP10.0-3AV-40", "3009990021",
                   Decimal("1.8"), 10000),
            Device("9912025", "Weather station", "Sensor technology", "Weather Station"),
            Device("9912026", "Speicher", "Battery Inverter", "SBS6.0-10", "3009990026"),
        ),
    ),
}  # fmt: skip


@dataclass
class Readings:
    """What was measured, for one seed and clock; `changed` holds powers in W that replace the recorded ones."""

    seed: int
    clock: Callable[[], datetime]
    changed: dict[tuple[str, datetime], Decimal] = field(default_factory=dict)

    def starts(self, plant: Plant, day: date) -> Iterator[datetime]:
        """The intervals of a plant-local day that are over, in UTC."""
        start, end = (datetime.combine(on, time(), plant.zone).astimezone(UTC) for on in (day, day + timedelta(days=1)))
        while start < end and start + plant.step <= self.clock():
            yield start
            start += plant.step

    def power_w(self, plant: Plant, device: Device, start: datetime) -> Decimal | None:
        """Mean power of an inverter in one interval, W; None where the interval is not delivered."""
        if (device.device_id, start) in self.changed:
            return self.changed[device.device_id, start]
        is_on = any(power_w(plant.zone, start + n * INTERVAL) > 0 for n in (-1, 0, 1))
        if not is_on or not device.share or self._chance("omitted", device, start) < OMITTED_SHARE:
            return None
        return max(power_w(plant.zone, start), Decimal(0)) * device.share

    def generation(self, plant: Plant, device: Device, day: date, is_energy: bool) -> Iterator[Point]:
        """The set EnergyAndPowerPv: energy in Wh or power in W."""
        hours = Decimal(int(plant.step.total_seconds())) / HOUR_S
        for start in self.starts(plant, day):
            power = self.power_w(plant, device, start)
            if power is None:
                continue
            is_changed = (device.device_id, start) in self.changed
            is_bare = not is_changed and self._chance("bare", device, start) < VALUELESS_SHARE
            value = {} if is_bare else {"pvGeneration": _number(power * hours if is_energy else power)}
            yield {"time": label(plant, start), **value}

    def alternating(self, plant: Plant, device: Device, day: date) -> Iterator[Point]:
        """The set PowerAc."""
        for start in self.starts(plant, day):
            power = self.power_w(plant, device, start)
            if power is not None:
                volts = 230 + Decimal(int(self._chance("volt", device, start) * 60)) / 10
                yield {
                    "time": label(plant, start),
                    "voltagePhaseA": _number(volts),
                    "currentPhaseA": _number(power / volts),
                    "activePower": _number(power),
                    "gridFrequency": 50.01,
                }

    def weather(self, plant: Plant, device: Device, day: date) -> Iterator[Point]:
        """The set Sensor."""
        for start in self.starts(plant, day):
            irradiance = irradiance_wm2(plant, start)
            air = 8 + irradiance / 60
            yield {
                "time": label(plant, start),
                "externalInsolation": _number(irradiance),
                "ambientTemperature": _number(air),
                "moduleTemperature": _number(air + irradiance / 40),
                "windSpeed": _number(1 + Decimal(int(self._chance("wind", device, start) * 50)) / 10),
            }

    def balance(self, plant: Plant, day: date) -> Iterator[Point]:
        """The set EnergyBalance of a plant without a meter at the grid, W."""
        for start in self.starts(plant, day):
            power = _number(max(power_w(plant.zone, start), Decimal(0)) * plant.share)
            yield {"time": label(plant, start), "pvGeneration": power, "totalGeneration": power, "gridFeedIn": power}

    def change(self, plant: Plant, device: Device, hours_back: int, factor: str, energy_wh: str) -> Point:
        """Replace what a device measured `hours_back` hours ago, by a factor or by an energy in Wh."""
        start = floor(self.clock()) - timedelta(hours=hours_back)
        before = self.power_w(plant, device, start) or Decimal(0)
        hours = Decimal(int(plant.step.total_seconds())) / HOUR_S
        after = Decimal(energy_wh) / hours if energy_wh else before * Decimal(factor)
        self.changed[device.device_id, start] = after
        return {"interval_start": start.isoformat(), "before_w": _number(before), "after_w": _number(after)}

    def _chance(self, what: str, device: Device, start: datetime) -> float:
        return chance(self.seed, what, device.device_id, start.isoformat())


def irradiance_wm2(plant: Plant, start: datetime) -> Decimal:
    """Irradiance that goes with the recorded power, W/m2."""
    return max(power_w(plant.zone, start), Decimal(0)) / ROOF_W_PER_WM2


def label(plant: Plant, start: datetime) -> str:
    """The vendor's label of an interval: its end on the plant's wall clock, without offset."""
    return (start + plant.step).astimezone(plant.zone).replace(tzinfo=None).isoformat()


def _number(value: Decimal) -> float:
    return round(float(value), 3)
