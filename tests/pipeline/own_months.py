"""Results of contracts by hand: exact fractions over plain slots, written from the contract's words alone.

Shares nothing with the project. What it knows: slots that stand in order, events that cover them, and the arithmetic
of contracts; what it does not know it does not guess.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
EXACT = Context(prec=80)


@dataclass(frozen=True)
class Slot:
    """One interval of one meter; energy is null where no reading came."""

    at: datetime
    seconds: int
    energy_wh: Fraction | None
    irradiance_wm2: Fraction
    temperature_c: Fraction | None = None

    def local(self, zone: ZoneInfo) -> datetime:
        return self.at.astimezone(zone)

    @property
    def hours(self) -> Fraction:
        return Fraction(self.seconds, 3600)


@dataclass(frozen=True)
class Event:
    """What happened at the plant; a class of its own excuses or does not."""

    event_class: str
    starts_at: datetime
    ends_at: datetime

    def document(self, project: str, number: int, **more: str) -> dict[str, str]:
        """The event as a contract file says it."""
        return {
            "external_event_id": f"E{number}", "project": project, "event_class": self.event_class,
            "starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat(), **more,
        }  # fmt: skip

    def covers_half_of(self, slot: Slot) -> bool:
        end = slot.at + timedelta(seconds=slot.seconds)
        common = min(self.ends_at, end) - max(self.starts_at, slot.at)
        return 2 * common.total_seconds() >= slot.seconds


def of_month(slots: Iterable[Slot], zone: ZoneInfo, month: tuple[int, int]) -> list[Slot]:
    return [slot for slot in slots if (slot.local(zone).year, slot.local(zone).month) == month]


def categories(slots: Iterable[Slot], excuses: Sequence[Event], irradiance_min: int = 50) -> dict[str, list[Slot]]:
    """Each slot that counts under the first that applies: produced, excused, no data, not producing."""
    found: dict[str, list[Slot]] = {"produced": [], "excused": [], "no_data": [], "not_producing": []}
    for slot in slots:
        if slot.irradiance_wm2 < irradiance_min:
            continue
        if slot.energy_wh is not None and slot.energy_wh > 0:
            found["produced"].append(slot)
        elif any(event.covers_half_of(slot) for event in excuses):
            found["excused"].append(slot)
        else:
            found["no_data" if slot.energy_wh is None else "not_producing"].append(slot)
    return found


def hours(slots: Iterable[Slot]) -> Fraction:
    return sum((slot.hours for slot in slots), Fraction(0))


def irradiation(slots: Iterable[Slot]) -> Fraction:
    return sum((slot.irradiance_wm2 * slot.hours for slot in slots), Fraction(0))


def percent(part: Fraction, whole: Fraction) -> Fraction:
    return 100 * part / whole


def energy_kwh(slots: Iterable[Slot], factor: Callable[[Slot], Fraction] = lambda _: Fraction(1)) -> Fraction:
    """Delivered energy, each slot times what is left of it at the boundary."""
    return sum((slot.energy_wh * factor(slot) for slot in slots if slot.energy_wh is not None), Fraction(0)) / 1000


def performance_ratio(
    slots: Iterable[Slot], kwp: int, coefficient: Fraction | None = None, reference_c: int = 25
) -> Fraction:
    """Energy by what the irradiation promises; corrected for the temperature of the modules where one is given."""
    energy = promised = Fraction(0)
    for slot in slots:
        if slot.energy_wh is None:
            continue
        factor = 1 if coefficient is None else 1 + coefficient * (slot.temperature_c - reference_c)
        energy += slot.energy_wh / 1000
        promised += kwp * slot.irradiance_wm2 / 1000 * slot.hours * factor
    return energy / promised


def damages(units: Fraction, rate: Fraction, step: Fraction = Fraction(1), mode: str = "pro_rata") -> Fraction:
    steps = units / step
    return rate * {"pro_rata": steps, "started": Fraction(ceil(steps)), "completed": Fraction(floor(steps))}[mode]


def money(amount: Fraction, rounding: str = "half_up", decimals: int = 2) -> Decimal:
    exact = EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUNDINGS[rounding])


def paid(
    claims: Sequence[tuple[str, int, Decimal]], caps: Sequence[tuple[Callable[[str, int], object], Decimal]]
) -> list[Decimal]:
    """What is payable of claims (code, contract year, amount) in their order; claims of one key share a cap."""
    used: dict[object, Decimal] = {}
    payable = []
    for code, year, amount in claims:
        keys = [(number, key(code, year)) for number, (key, _) in enumerate(caps) if key(code, year) is not None]
        left = [caps[key[0]][1] - used.get(key, Decimal(0)) for key in keys]
        payable.append(min([amount, *left]))
        for key in keys:
            used[key] = used.get(key, Decimal(0)) + payable[-1]
    return payable
