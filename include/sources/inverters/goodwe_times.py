"""GoodWe: station-local times without offset to instants, and the local days that a window touches."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from include.core.clock import TimestampRefused, candidates, parse, zone
from include.core.records import Window
from include.sources.inverters.cells import Flaw

DAY = timedelta(days=1)
NOON = time(12)


class Moment(NamedTuple):
    """When a sample was taken, or why that is unknown.

    local:        the delivered time, where it is one
    is_ambiguous: the only copy of a time in the repeated hour, taken as the earlier instant
    """

    at: datetime | Flaw
    local: datetime | None = None
    is_ambiguous: bool = False


def moments(cells: Sequence[Any], zone_name: str, fetched_at: datetime) -> list[Moment]:
    """When the samples of one series were taken, in the order of delivery.

    In the repeated hour of autumn the second pass begins where a time is not later than the one before it. With one
    pass only, nothing tells which it is, unless the later one had not come yet when the answer was fetched.
    """
    local = [_local(cell) for cell in cells]
    instants = [candidates(at, zone_name) if isinstance(at, datetime) and at.tzinfo is None else () for at in local]
    repeated = [place for place, found in enumerate(instants) if len(found) == 2]
    turn = next((after for before, after in pairwise(repeated) if local[after] <= local[before]), None)
    found = []
    for place, (at, known) in enumerate(zip(local, instants, strict=True)):
        if isinstance(at, Flaw):
            found.append(Moment(at))
        elif at.tzinfo is not None:
            found.append(Moment(at.astimezone(UTC)))
        elif not known:
            found.append(Moment(Flaw("R106_TS_NONEXISTENT", str(cells[place])), at))
        elif len(known) == 1:
            found.append(Moment(known[0], at))
        else:
            is_second = turn is not None and place >= turn
            found.append(Moment(known[is_second], at, is_ambiguous=turn is None and known[1] <= fetched_at))
    return found


def local_days(window: Window, zone_name: str) -> Iterator[date]:
    """The station's days that a window touches."""
    day = window.start.astimezone(zone(zone_name)).date()
    while starts_at(day, zone_name) < window.end:
        yield day
        day += DAY


def ended_days(window: Window, zone_name: str) -> Iterator[date]:
    """The station's days that end within a window."""
    for day in local_days(Window(window.start - DAY, window.end), zone_name):
        if window.start < starts_at(day + DAY, zone_name) <= window.end:
            yield day


def starts_at(day: date, zone_name: str) -> datetime:
    """The first instant of a local day, UTC."""
    return datetime.combine(day, time(), zone(zone_name)).astimezone(UTC)


def whole_hours(day: date, zone_name: str) -> int:
    """The station's offset on a date in whole hours, half hours rounded up, as the portal wants it.

    On the day of a clock change it is the offset of noon.
    """
    offset = datetime.combine(day, NOON, zone(zone_name)).utcoffset()
    return math.floor(offset / timedelta(hours=1) + 0.5)


def _local(cell: Any) -> datetime | Flaw:
    if cell is None or cell == "":
        return Flaw("R101_TS_MISSING", "")
    if not isinstance(cell, str):
        return Flaw("R102_TS_FORMAT", str(cell))
    try:
        return parse(cell)
    except TimestampRefused as refused:
        return Flaw(refused.code, cell)
