"""Time stamps to UTC. The server's own zone is never used.

A wall-clock time without offset needs a zone. In the spring gap it names no instant; in the repeated
autumn hour it names two, and only the order of delivery inside one series tells them apart: the first
copy is the earlier instant, the second copy the later one.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import ConfigurationError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_FIRST_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
EPOCH_LAST_S = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
MILLISECONDS_ABOVE = 1e11
MICROSECOND = timedelta(microseconds=1)

AMBIGUOUS = "ambiguous"  # the only copy of a time in the repeated hour, taken as the earlier instant
NONEXISTENT = "nonexistent"  # a time in the spring gap

TIME = (
    r"(?:(?:[T ]+|, *)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?)?"
    r" *(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r" *(?P<offset>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
YEAR_FIRST = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})" + TIME, re.ASCII)
YEAR_LAST = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[-/.])(?P<two>\d{1,2})(?P=mark)(?P<last>\d{4}|\d{2})" + TIME, re.ASCII
)
EPOCH_TEXT = re.compile(r"\d{9,13}(\.\d+)?", re.ASCII)
SERIAL_TEXT = re.compile(r"[2-7]\d{4}([.,]\d+)?", re.ASCII)
SERIAL_REMEDY = "a spreadsheet's day count is no time stamp: format the column as date and time, and export again"


class TimestampRefused(ValueError):
    """A text or number that names no instant; `code` is one of R101 to R108, `remedy` a sentence or empty."""

    def __init__(self, code: str, remedy: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy


class Instant(NamedTuple):
    """An aware UTC instant, null when the wall clock never showed the time; `flag` is empty when certain."""

    at: datetime | None
    flag: str = ""


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """Look up an IANA zone, legacy aliases such as US/Eastern included."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"unknown time zone {name!r}", remedy="use an IANA name such as Europe/Berlin"
        ) from error


def parse(text: str, date_order: str | None = None) -> datetime:
    """Read one time stamp: aware when it carries an offset or is an epoch, otherwise naive wall clock.

    Dates with dots are day first unless declared otherwise; with slashes or hyphens and the year last they
    need a declared order. Years of two digits are of this century. 24:00 is the end of its day.
    """
    text = text.strip()
    if not text:
        raise TimestampRefused("R101_TS_MISSING")
    if EPOCH_TEXT.fullmatch(text):
        return from_epoch(float(text))
    if found := YEAR_FIRST.fullmatch(text):
        return _assemble(found, found["year"], found["month"], found["day"])
    if found := YEAR_LAST.fullmatch(text):
        return _assemble(found, *_ordered(found, date_order))
    raise TimestampRefused("R102_TS_FORMAT", SERIAL_REMEDY if SERIAL_TEXT.fullmatch(text) else "")


def from_epoch(value: float) -> datetime:
    """Read Unix seconds, or milliseconds above 1e11; only 2000 to 2100 is believed."""
    seconds = value / 1000 if value > MILLISECONDS_ABOVE else value
    if not EPOCH_FIRST_S < seconds < EPOCH_LAST_S:
        raise TimestampRefused("R102_TS_FORMAT")
    return EPOCH + timedelta(microseconds=round(seconds * 1e6))


def _ordered(found: re.Match[str], date_order: str | None) -> tuple[str, str, str]:
    one, two, last = found["one"], found["two"], found["last"]
    order = date_order or ("DMY" if found["mark"] == "." else None)
    if order is None:
        raise TimestampRefused("R105_TS_AMBIGUOUS", "declare date_order DMY or MDY for this source")
    if order == "DMY":
        return last, two, one
    if order == "MDY":
        return last, one, two
    if order == "YMD" and len(one) == len(last) == 2:
        return one, two, last
    raise TimestampRefused("R102_TS_FORMAT")


def _assemble(found: re.Match[str], year: str, month: str, day: str) -> datetime:
    century = 2000 if len(year) == 2 else 0
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    clock = (int(found["minute"] or 0), int(found["second"] or 0), int(fraction))
    hour = _hour(int(found["hour"] or 0), found["half"])
    is_end_of_day = hour == 24 and not any(clock)
    try:
        at = datetime(
            century + int(year), int(month), int(day), 0 if is_end_of_day else hour, *clock, _offset(found["offset"])
        )
        return at + timedelta(days=is_end_of_day)
    except (ValueError, OverflowError) as error:
        raise TimestampRefused("R102_TS_FORMAT") from error


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise TimestampRefused("R102_TS_FORMAT")
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


@lru_cache(maxsize=65536)
def candidates(local: datetime, zone_name: str) -> tuple[datetime, ...]:
    """All UTC instants at which clocks of the zone showed `local`: none, one or two, earlier first."""
    first, second = (local.replace(tzinfo=zone(zone_name), fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    return (first, second) if first < second else ()


def utc_in_order(local_times: Iterable[datetime], zone_name: str) -> list[Instant]:
    """Convert one series of naive wall-clock times, in delivery order, to UTC.

    A time of the repeated hour delivered twice gives both instants; delivered once it gives the
    earlier one with flag AMBIGUOUS. A time of the spring gap gives null with flag NONEXISTENT.
    """
    delivered = list(local_times)
    clock = WallClock()
    found = [clock.resolve(local, zone_name, None) for local in delivered]
    return [
        Instant(instant.at) if instant.flag == AMBIGUOUS and clock.is_repeated((None, local)) else instant
        for instant, local in zip(found, delivered, strict=True)
    ]


Copy = tuple[Hashable, datetime]


class Converted(NamedTuple):
    """A column in UTC; rows in `gaps` are null, rows in `copies` are so far the only copy in a repeated hour."""

    utc: pa.TimestampArray
    gaps: list[int]
    copies: dict[int, Copy]


class WallClock:
    """Converts wall-clock times of many series and remembers, across batches, which repeated hours were seen."""

    def __init__(self) -> None:
        self._copies: dict[Copy, int] = {}

    def __len__(self) -> int:
        return len(self._copies)

    def is_repeated(self, copy: Copy) -> bool:
        """Whether both copies of a series' time in the repeated hour have been delivered so far."""
        return self._copies.get(copy, 0) > 1

    def resolve(self, local: datetime, zone_name: str, series: Hashable) -> Instant:
        """Convert one time; the first copy in the repeated hour is AMBIGUOUS until `is_repeated`."""
        instants = candidates(local, zone_name)
        if not instants:
            return Instant(None, NONEXISTENT)
        if len(instants) == 1:
            return Instant(instants[0])
        copies = self._copies[series, local] = self._copies.get((series, local), 0) + 1
        return Instant(instants[0], AMBIGUOUS) if copies == 1 else Instant(instants[1])

    def column(self, local: pa.TimestampArray, zone_name: str, series: Callable[[int], Hashable]) -> Converted:
        """Convert a column of naive microseconds; `series(i)` names the series of row i.

        Rows on days without a clock change are converted at once, the others one by one.
        """
        offset_us = day_offsets(local, zone_name)
        utc_us = pc.subtract(local.cast(pa.int64()), offset_us)
        is_slow = pc.and_(pc.is_null(offset_us), pc.is_valid(local))
        slow = pc.indices_nonzero(is_slow).to_pylist()
        found = {i: self.resolve(local[i].as_py(), zone_name, series(i)) for i in slow}
        if found:
            by_hand = pa.array([_microseconds(instant.at) for instant in found.values()], pa.int64())
            utc_us = pc.replace_with_mask(utc_us, is_slow, by_hand)
        return Converted(
            utc_us.cast(pa.timestamp("us", tz="UTC")),
            [i for i, instant in found.items() if instant.flag == NONEXISTENT],
            {i: (series(i), local[i].as_py()) for i, instant in found.items() if instant.flag == AMBIGUOUS},
        )


def day_offsets(local: pa.TimestampArray, zone_name: str) -> pa.Int64Array:
    """UTC offset of every row in microseconds; null on days when the clock of the zone changes."""
    days = pc.floor_temporal(local, unit="day").dictionary_encode()
    offsets = pa.array([day and _day_offset(day, zone_name) for day in days.dictionary.to_pylist()], pa.int64())
    return offsets.take(days.indices)


@lru_cache(maxsize=65536)
def _day_offset(day: datetime, zone_name: str) -> int | None:
    ends: Sequence[datetime] = (day, day + timedelta(days=1) - MICROSECOND)
    offsets = {end.replace(tzinfo=zone(zone_name), fold=fold).utcoffset() for end in ends for fold in (0, 1)}
    return offsets.pop() // MICROSECOND if len(offsets) == 1 else None


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // MICROSECOND
