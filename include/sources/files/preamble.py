"""Where the table of a delimited file begins: below blank lines, comments, a `sep=` line, some lines of free text.

The header is the first line that names a time stamp and a metric; below other lines it must also be as wide
as the lines that follow it. Where no line is such a header, the first one is taken, so that the refusal can
show what it says.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from include.core.errors import ConfigurationError, FileRejected
from include.core.records import FileHints
from include.sources.files.columns import METRICS, UNNAMED, map_columns
from include.sources.files.limits import LIMITS

DELIMITERS = ",;\t|"
MOST_LINES = 20  # of free text above the header; blank lines and comments do not count
MOST_LINES_IN_ALL = 200
LOOK_AHEAD = 3
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of delimited text: its fields, its separator, and where its text starts and ends."""

    start: int
    end: int
    delimiter: str
    fields: list[str]


def find_header(text: str, hints: FileHints) -> Record:
    """Find the header in the first part of a file."""
    lines = list(itertools.islice(_lines(text), _lines_to_look_at(hints)))
    found = SEPARATOR_LINE.fullmatch(lines[0][1]) if lines else None
    delimiters = hints.delimiter or (found[1] if found else DELIMITERS)
    if len(delimiters) != 1 and delimiters != DELIMITERS:
        raise ConfigurationError(f"delimiter {delimiters!r}", remedy="declare one character")
    if hints.header_row is not None:
        return _declared(text, lines, delimiters, hints)
    written = [(start, line) for start, line in lines[bool(found) :] if line.strip()]
    plain = [start for start, line in written if not line.startswith("#")][: MOST_LINES + 1]
    comments = [start for start, line in written if line.startswith("#")]
    for start in plain + comments:
        for record in _readings(text, start, delimiters):
            if _is_header(record, hints) and ([start] == plain[:1] or _is_as_wide_as_what_follows(text, record)):
                return record
    return _best_reading(text, next(iter(plain + comments), len(text)), delimiters, hints)


def following(text: str, record: Record) -> Iterator[Record]:
    """The records after one, blank lines left out, as far as they can be read."""
    while record.end < len(text):
        try:
            record = _record_at(text, record.end, record.delimiter)
        except csv.Error:
            return
        if record.fields:
            yield record


def _record_at(text: str, start: int, delimiter: str) -> Record:
    """The record that starts at a place, quoted line breaks included."""
    lines: list[str] = []

    def remembered() -> Iterator[str]:
        for _, line in _lines(text, start):
            lines.append(line)
            yield line

    fields = next(csv.reader(remembered(), delimiter=delimiter), [])
    return Record(start, start + sum(map(len, lines)), delimiter, fields)


def _lines(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Each line with its place and its line break, whichever of the three kinds that is."""
    source = io.StringIO(text, newline="")
    source.seek(start)
    for line in source:
        yield start, line
        start += len(line)


def _lines_to_look_at(hints: FileHints) -> int:
    row = hints.header_row
    if row is not None and (not isinstance(row, int) or row < 1):
        raise ConfigurationError(f"header_row {row!r}", remedy="declare the header's line, counted from 1")
    return max(row or 0, MOST_LINES_IN_ALL)


def _declared(text: str, lines: list[tuple[int, str]], delimiters: str, hints: FileHints) -> Record:
    if hints.header_row > len(lines):
        raise FileRejected(
            "F007_HEADER",
            f"the file has no line {hints.header_row}",
            place="header",
            remedy="declare the header_row of this source anew",
        )
    return _best_reading(text, lines[hints.header_row - 1][0], delimiters, hints)


def _readings(text: str, start: int, delimiters: str) -> list[Record]:
    """A record as each separator cuts it, most fields first."""
    readings = []
    for delimiter in delimiters:
        with suppress(csv.Error):
            readings.append(_record_at(text, start, delimiter))
    return sorted(readings, key=lambda record: -len(record.fields))


def _best_reading(text: str, start: int, delimiters: str, hints: FileHints) -> Record:
    """The line cut by the separator that makes a header of it, else by the one that makes most fields."""
    readings = _readings(text, start, delimiters)
    if not readings:
        raise FileRejected(
            "F002_UNPARSEABLE",
            "the header cannot be read",
            place="header",
            remedy="close its quotes, shorten its names",
        )
    return next((record for record in readings if _is_header(record, hints)), readings[0])


def _is_header(record: Record, hints: FileHints) -> bool:
    """Whether a record names a time stamp and a metric."""
    if not 2 <= len(record.fields) <= LIMITS.columns:
        return False
    used = map_columns([name.strip() for name in record.fields], hints).used
    named = {column for column, match in used.items() if match.header not in UNNAMED}
    return bool(named & {"timestamp", "interval_end"} and named & set(METRICS))


def _is_as_wide_as_what_follows(text: str, header: Record) -> bool:
    """Whether the next records have as many fields, give or take a separator at the end of the line."""
    below = itertools.islice(following(text, header), LOOK_AHEAD)
    return all(abs(len(record.fields) - len(header.fields)) <= 1 for record in below)
