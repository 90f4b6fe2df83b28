"""Columns of time stamps to UTC: offsets and epochs directly, wall-clock times through their site's zone."""

from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from include.core.clock import SERIAL_REMEDY, Copy, WallClock, parse
from include.core.records import FileHints
from include.sources.files.cells import (
    BadCell,
    as_text,
    bad_cell,
    blanked,
    cast_where_possible,
    put,
    read_by_hand,
    trimmed,
)
from include.sources.files.limits import LIMITS, refuse_above

UTC_US = pa.timestamp("us", tz="UTC")
LOCAL_US = pa.timestamp("us")
FIRST_US, END_US = (pa.scalar(year * 31_556_952_000_000, pa.int64()) for year in (1900 - 1970, 2200 - 1970))

OFFSET = r":\d{2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)$"
SPACED_OFFSET = (r"\s+([+-]\d{2}:?\d{2})$", r"\1")
SPELLED_UTC = (r"(\d)\s*(UTC|GMT|z)$", r"\1Z")
SLASHED_YEAR = (r"^(\d{4})[/.](\d{2})[/.](\d{2})", r"\1-\2-\3")
LONE_DIGIT = (r"\b(\d)([/.:])", r"0\1\2")
COMMA_GAP = (r"(\d), *(\d{2}:)", r"\1 \2")
COMMA_FRACTION = (r"(:\d{2}),(\d)", r"\1.\2")
SHORT_YEAR = (r"^(\d{2}[/.-]\d{2}[/.-])(\d{2})($|[ T])", r"\120\2\3")
YEAR_LAST = {
    None: (r"^(\d{2})\.(\d{2})\.(\d{4})", r"\3-\2-\1"),
    "DMY": (r"^(\d{2})[/.-](\d{2})[/.-](\d{4})", r"\3-\2-\1"),
    "MDY": (r"^(\d{2})[/.-](\d{2})[/.-](\d{4})", r"\3-\1-\2"),
}
HALF_DAY = r"^(?P<clock>.*:\d{2}) ?(?P<half>[AaPp])\.?[Mm]\.?$"
HOUR_US = 3_600_000_000
TIDY = (SPACED_OFFSET, SPELLED_UTC, LONE_DIGIT, SLASHED_YEAR, COMMA_GAP, COMMA_FRACTION)

FIRST_SERIAL, END_SERIAL = 20_000, 80_000  # days since 1900 that spreadsheets show as dates of 1954 to 2119

NO_ZONE = "declare the time zone of the site or of this source"


@dataclass(slots=True)
class Instants:
    """A column in UTC, its failed cells, and its rows that are so far the only copy in a repeated hour."""

    utc: pa.TimestampArray
    bad: list[BadCell] = field(default_factory=list)
    copies: dict[int, Copy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """Time stamps by what they are: aware ones in UTC, naive wall-clock ones, and failed cells."""

    aware: pa.TimestampArray
    local: pa.TimestampArray
    bad: list[BadCell]


def instants(
    cells: pa.Array,
    sites: pa.StringArray,
    devices: pa.StringArray,
    hints: FileHints,
    unit: str | None,
    clock: WallClock,
) -> Instants:
    """Read a column of time stamps; `unit` is UTC when the header says so."""
    found = _split(cells, hints.date_order)
    result = Instants(found.aware, found.bad)
    if found.local.null_count < len(cells):
        for zone_name, mask in _zones(sites, hints, unit):
            local = pc.if_else(mask, found.local, pa.scalar(None, LOCAL_US))
            if local.null_count < len(cells):
                _localise(result, local, zone_name, cells, sites, devices, clock)
    _refuse_far(result, cells)
    result.utc = blanked(result.utc, result.bad)
    return result


def _localise(
    result: Instants,
    local: pa.TimestampArray,
    zone_name: str | None,
    cells: pa.Array,
    sites: pa.StringArray,
    devices: pa.StringArray,
    clock: WallClock,
) -> None:
    """Fill the rows of one zone; without a zone they are refused."""
    if zone_name is None:
        rows = pc.indices_nonzero(pc.is_valid(local)).to_pylist()
        result.bad += _refused(cells, rows, "R108_TS_NO_ZONE", NO_ZONE)
        return
    converted = clock.column(local, zone_name, lambda row: (sites[row].as_py(), devices[row].as_py()))
    refuse_above(LIMITS.repeated_hour_readings, len(clock), "readings inside the repeated autumn hour")
    result.utc = pc.coalesce(result.utc, converted.utc)
    result.bad += _refused(cells, converted.gaps, "R106_TS_NONEXISTENT", f"clocks of {zone_name} skipped this time")
    result.copies |= converted.copies


def _refused(cells: pa.Array, rows: list[int], code: str, remedy: str = "") -> list[BadCell]:
    texts = as_text(cells.take(pa.array(rows, pa.int64()))).to_pylist() if rows else []
    return [bad_cell(row, code, text or "", remedy) for row, text in zip(rows, texts, strict=True)]


def _refuse_far(result: Instants, cells: pa.Array) -> None:
    """Years that no plant has seen, and that neither Python nor the warehouse need to compute with."""
    us = result.utc.cast(pa.int64())
    is_far = pc.or_(pc.less(us, FIRST_US), pc.greater_equal(us, END_US))
    result.bad += _refused(cells, pc.indices_nonzero(is_far).to_pylist(), "R102_TS_FORMAT")


def _zones(sites: pa.StringArray, hints: FileHints, unit: str | None) -> list[tuple[str | None, pa.BooleanArray]]:
    """Each zone of the batch with the rows it covers."""
    if unit or not hints.site_time_zones:
        return [(unit or hints.time_zone, pa.array([True]).take(pa.array([0] * len(sites))))]
    encoded = sites.dictionary_encode()
    names = [hints.site_time_zones.get(site, hints.time_zone) for site in encoded.dictionary.to_pylist()]
    zones = pc.coalesce(pa.array(names, pa.string()).take(encoded.indices), hints.time_zone or "")
    return [(name or None, pc.equal(zones, name)) for name in pc.unique(zones).to_pylist()]


def _split(cells: pa.Array, date_order: str | None) -> Split:
    kind = cells.type
    none = pa.nulls(len(cells), UTC_US), pa.nulls(len(cells), LOCAL_US)
    if pa.types.is_timestamp(kind) and kind.tz:
        return Split(cells.cast(UTC_US, safe=False), none[1], _missing(cells))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _bounded(none[0], cells.cast(LOCAL_US, safe=False), cells, _missing(cells))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _from_numbers(cells)
    if pa.types.is_string(kind):
        return _from_text(cells, date_order)
    rows = pc.indices_nonzero(pc.is_valid(cells)).to_pylist()
    return Split(*none, _missing(cells) + _refused(cells, rows, "R102_TS_FORMAT"))


def _missing(cells: pa.Array) -> list[BadCell]:
    return [bad_cell(row, "R101_TS_MISSING", "") for row in pc.indices_nonzero(pc.is_null(cells)).to_pylist()]


def _from_numbers(cells: pa.Array) -> Split:
    """Epoch seconds, or milliseconds above 1e11, strictly between 2000 and 2100."""
    values = cells.cast(pa.float64(), safe=False)
    is_ms = pc.greater(values, 1e11)
    us = pc.round(pc.multiply(values, pc.if_else(is_ms, 1e3, 1e6)))
    is_known = pc.and_(pc.greater(us, 946_684_800e6), pc.less(us, 4_102_444_800e6))
    utc = pc.if_else(is_known, us, None).cast(pa.int64()).cast(UTC_US)
    is_left = pc.and_(pc.is_valid(cells), pc.is_null(utc))
    is_serial = pc.and_(pc.greater_equal(values, FIRST_SERIAL), pc.less(values, END_SERIAL))
    bad = _missing(cells)
    for mask, remedy in ((is_serial, SERIAL_REMEDY), (pc.invert(is_serial), "")):
        bad += _refused(cells, pc.indices_nonzero(pc.and_(is_left, mask)).to_pylist(), "R102_TS_FORMAT", remedy)
    return Split(utc, pa.nulls(len(cells), LOCAL_US), bad)


def _from_text(cells: pa.StringArray, date_order: str | None) -> Split:
    """Try the whole column with and without offset; then tidy, sort by kind, and read the rest by hand."""
    none = pa.nulls(len(cells), UTC_US), pa.nulls(len(cells), LOCAL_US)
    if (aware := _whole(cells, UTC_US)) is not None:
        return Split(aware, none[1], _missing(cells))
    if (local := _whole(cells, LOCAL_US)) is not None:
        return _bounded(none[0], local, cells, _missing(cells))
    text = trimmed(cells)
    tidy = _tidied(text, date_order)
    has_offset = pc.match_substring_regex(tidy, OFFSET)
    aware = cast_where_possible(pc.if_else(has_offset, tidy, None), UTC_US)
    local = _wall_clock(pc.if_else(has_offset, None, tidy))
    numeric = _from_numbers(
        cast_where_possible(pc.if_else(pc.match_substring_regex(text, r"^\d{9,13}$"), text, None), pa.float64())
    )
    aware = pc.coalesce(aware, numeric.aware)
    is_left = pc.and_(pc.is_valid(text), pc.and_(pc.is_null(aware), pc.is_null(local)))
    by_hand, bad = read_by_hand(text, is_left, partial(parse, date_order=date_order))
    aware = put(aware, {row: at for row, at in by_hand.items() if at.tzinfo})
    local = put(local, {row: at for row, at in by_hand.items() if not at.tzinfo})
    return _bounded(aware, local, cells, _missing(text) + bad)


def _whole(cells: pa.StringArray, kind: pa.DataType) -> pa.TimestampArray | None:
    """The column cast at once, or null when one cell refuses; null cells are blank ones."""
    try:
        return cells.cast(kind)
    except pa.ArrowInvalid:
        return None


def _tidied(text: pa.StringArray, date_order: str | None) -> pa.StringArray:
    """ISO 8601 out of common variants: offsets, fractions and years in other spellings, days before months."""
    year_last = (SHORT_YEAR, YEAR_LAST[date_order]) if date_order in YEAR_LAST else ()
    for pattern, replacement in (*TIDY, *year_last):
        text = pc.replace_substring_regex(text, pattern, replacement)
    return text


def _wall_clock(text: pa.StringArray) -> pa.TimestampArray:
    """ISO 8601 without offset, also with AM or PM behind it; null where it cannot be read."""
    halves = pc.extract_regex(text, HALF_DAY)
    if halves.null_count == len(halves):
        return cast_where_possible(text, LOCAL_US)
    half = pc.utf8_lower(pc.struct_field(halves, "half"))
    local = cast_where_possible(pc.coalesce(pc.struct_field(halves, "clock"), text), LOCAL_US)
    hour = pc.hour(local)
    shown = pc.if_else(pc.is_in(hour, value_set=pa.arange(1, 13)), pc.if_else(pc.equal(hour, 12), 0, hour), None)
    hour_of_day = pc.add(shown, pc.if_else(pc.equal(half, "p"), 12, 0))
    shifted = pc.add(local.cast(pa.int64()), pc.multiply(pc.subtract(hour_of_day, hour), HOUR_US)).cast(LOCAL_US)
    return pc.if_else(pc.is_valid(half), shifted, local)


def _bounded(aware: pa.TimestampArray, local: pa.TimestampArray, cells: pa.Array, bad: list[BadCell]) -> Split:
    """Refuse wall-clock times of years for which no zone rules can be computed."""
    us = local.cast(pa.int64())
    is_far = pc.or_(pc.less(us, FIRST_US), pc.greater_equal(us, END_US))
    far = _refused(cells, pc.indices_nonzero(is_far).to_pylist(), "R102_TS_FORMAT")
    return Split(aware, blanked(local, far), bad + far)
