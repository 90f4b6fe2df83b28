"""SolarEdge v1: site-local times without offset become instants, in the order of delivery."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from include.core.clock import (
    AMBIGUOUS,
    NONEXISTENT,
    Instant,
    TimestampRefused,
    candidates,
    parse,
    utc_in_order,
)
from include.sources.inverters.cells import Flaw
from include.sources.inverters.solaredge_rows import Row

InOrder = Callable[[Iterable[datetime], str], list[Instant]]


class Place(NamedTuple):
    """Where a point stands in time; `is_ambiguous` when it might as well be the later pass of a repeated hour."""

    at: datetime | Flaw
    is_ambiguous: bool = False


def on_grid(points: list[Row], zone_name: str) -> list[Place]:
    """Places of a series whose labels lie on a grid, so that a label of the repeated hour comes twice."""
    return _places(points, zone_name, utc_in_order)


def sampled(points: list[Row], zone_name: str) -> list[Place]:
    """Places of samples taken at any time, so that the second pass begins where the clock falls back."""
    return _places(points, zone_name, _falling_back)


def _places(points: list[Row], zone_name: str, in_order: InOrder) -> list[Place]:
    found = [_local(point.get("date")) for point in points]
    instants = iter(in_order([local for local in found if isinstance(local, datetime)], zone_name))
    return [Place(local) if isinstance(local, Flaw) else _place(local, next(instants)) for local in found]


def _place(local: datetime, instant: Instant) -> Place:
    if instant.flag == NONEXISTENT:
        return Place(Flaw("R106_TS_NONEXISTENT", str(local)))
    return Place(instant.at, instant.flag == AMBIGUOUS)


def _local(cell: Any) -> datetime | Flaw:
    """A wall-clock time; one with an offset is none of version 1."""
    if cell is None or cell == "":
        return Flaw("R101_TS_MISSING", "")
    try:
        at = parse(cell) if isinstance(cell, str) else None
    except TimestampRefused:
        at = None
    return Flaw("R102_TS_FORMAT", str(cell)) if at is None or at.tzinfo else at


def _falling_back(local_times: Iterable[datetime], zone_name: str) -> list[Instant]:
    """As `utc_in_order`, but a time need not come twice: the second pass is what follows a step back."""
    delivered = list(local_times)
    found = [candidates(local, zone_name) for local in delivered]
    is_second, seconds = False, []
    for n, instants in enumerate(found):
        falls = n > 0 and len(found[n - 1]) == 2 and delivered[n] <= delivered[n - 1]
        is_second = len(instants) == 2 and (is_second or falls)
        seconds.append(is_second)
    # a repeated hour lies within one local date
    told_apart = {local.date() for local, is_second in zip(delivered, seconds, strict=True) if is_second}
    resolved = []
    for local, instants, is_second in zip(delivered, found, seconds, strict=True):
        if not instants:
            resolved.append(Instant(None, NONEXISTENT))
        else:
            is_open = len(instants) == 2 and local.date() not in told_apart
            resolved.append(Instant(instants[is_second], AMBIGUOUS if is_open else ""))
    return resolved
