"""Which days of which contracts a change touches, in the calendar of the plant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from include.core.clock import candidates, zone

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a contract to be assessed again, the last one included, and why."""

    contract: str
    from_on: date
    to_on: date
    reason: str


class NoInstant(ValueError):
    """A time of the plant's clocks that names no instant, or two."""


def utc(at: datetime, zone_name: str) -> datetime:
    """An instant in UTC; a time without offset is one of the plant's clocks."""
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    found = candidates(at, zone_name)
    if len(found) != 1:
        what = "never was" if not found else "was there twice"
        raise NoInstant(f"{at} {what} on the clocks of {zone_name}")
    return found[0]


def local_day(at: datetime, zone_name: str) -> date:
    """The plant's day of an instant."""
    return at.astimezone(zone(zone_name)).date()


def span(start: datetime, end: datetime | None, zone_name: str, today: date) -> tuple[date, date]:
    """The days that a half-open span of time touches; without an end it goes on until today."""
    last = today if end is None else local_day(end - INSTANT, zone_name)
    return local_day(start, zone_name), last


def clipped(contract: str, first: date, last: date, bounds: tuple[date, date], reason: str) -> Days | None:
    """Days within those that the contract assesses and that have begun; null when there are none."""
    first, last = max(first, bounds[0]), min(last, bounds[1])
    return Days(contract, first, last, reason) if first <= last else None


def merged(days: Iterable[Days]) -> list[Days]:
    """The same days without those that another entry of the contract holds already."""
    kept: list[Days] = []
    for one in sorted(days, key=lambda d: (d.contract, d.from_on, -d.to_on.toordinal())):
        if kept and kept[-1].contract == one.contract and kept[-1].to_on >= one.to_on:
            continue
        kept.append(one)
    return kept
