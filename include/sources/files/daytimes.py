"""Dates in one column and times of day in another: joined into one text, which is read like any time stamp."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from include.sources.files.cells import Chunk, as_text, trimmed
from include.sources.files.columns import ColumnMap

DATE_FIRST = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
DATE_ALONE = DATE_FIRST + "$"
MIDNIGHT = r"[T ]+0?0:00(:00(\.0+)?)?$"
CLOCK = r"\d:\d"


def settled(columns: ColumnMap, chunk: Chunk) -> ColumnMap:
    """Keep the time of day only beside a column of dates without time, judged by the first rows.

    Beside whole time stamps it is one of the other columns; where it holds whole ones, they are the time stamp.
    """
    day, clock = columns.used.get("timestamp"), columns.used.get("time_of_day")
    if day is None or clock is None:
        return columns
    used = {name: match for name, match in columns.used.items() if name != "time_of_day"}
    freed = clock.header
    if _holds_dates_only(chunk.columns[day.header]):
        if not _any(as_text(chunk.columns[clock.header]), DATE_FIRST):
            return columns
        used["timestamp"], freed = replace(clock, column="timestamp"), day.header
    kept = {*columns.others, freed}
    return ColumnMap(used, tuple(header for header in chunk.columns if header in kept))


def joined(dates: pa.Array, clocks: pa.Array) -> pa.StringArray:
    """Date and time of day as one text, null where one of them is missing."""
    return pc.binary_join_element_wise(_dates(dates), trimmed(as_text(clocks)), " ")


def _holds_dates_only(cells: pa.Array) -> bool:
    text = _dates(cells)
    return _any(text, DATE_ALONE) and not _any(text, CLOCK)


def _dates(cells: pa.Array) -> pa.StringArray:
    """Dates as text, without the midnight that some exports append to each."""
    return pc.replace_substring_regex(trimmed(as_text(cells)), MIDNIGHT, "")


def _any(text: pa.StringArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, pattern)).as_py())
