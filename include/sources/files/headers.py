"""The head of delimited text: the names of its columns, its separator, and what its first lines tell."""

import itertools
from collections import Counter
from dataclasses import dataclass, replace

from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files.columns import map_columns
from include.sources.files.limits import LIMITS, MEBIBYTE, refuse_above
from include.sources.files.preamble import LOOK_AHEAD, Record, find_header, following
from include.sources.files.streams import Reader
from include.sources.files.unitsrow import date_order_in, told_by


@dataclass(frozen=True, slots=True)
class Head:
    """Separator and column names, each different; `has_spare` when rows end with one separator more."""

    delimiter: str
    names: list[str]
    hints: FileHints
    has_spare: bool = False


def read_head(reader: Reader, hints: FileHints) -> Head:
    """Consume everything above the first row of data."""
    head = reader.read(MEBIBYTE)
    text = head.decode("utf-8", "surrogateescape")
    last = header = find_header(text, hints)
    _refuse_other_bytes(text[header.start : header.end])
    refuse_above(LIMITS.columns, len(header.fields), "columns", place="header")
    names = _distinct([storable(name.strip()) for name in header.fields])
    below = list(itertools.islice(following(text, header), LOOK_AHEAD))
    columns = map_columns(names, hints)
    hints = replace(hints, date_order=hints.date_order or date_order_in(columns))
    if below and (told := told_by(names, below[0].fields, columns, hints)):
        last, hints = below.pop(0), told
    reader.unread(head[len(text[: last.end].encode("utf-8", "surrogateescape")) :])
    return _fitted(Head(header.delimiter, names, hints), below)


def _fitted(head: Head, below: list[Record]) -> Head:
    """The head as wide as its rows where only a separator at the end of the line makes the difference."""
    surplus = {len(record.fields) - len(head.names) for record in below}
    if surplus == {1} and not any(record.fields[-1].strip() for record in below):
        return Head(head.delimiter, _distinct([*head.names, ""]), head.hints, has_spare=True)
    if surplus == {-1} and not head.names[-1]:
        return Head(head.delimiter, head.names[:-1], head.hints)
    return head


def _refuse_other_bytes(record: str) -> None:
    try:
        record.encode()
    except UnicodeEncodeError as error:
        raise FileRejected(
            "F002_UNPARSEABLE",
            "the header is not UTF-8",
            place=f"header, character {error.start}",
            remedy="declare the file's encoding, or save it as UTF-8",
        ) from error


def _distinct(names: list[str]) -> list[str]:
    """Later columns of the same name are numbered: energy, energy (2)."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct
