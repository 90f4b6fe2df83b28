"""The header record of delimited text: its names, and the separator they suggest."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from include.core.errors import FileRejected
from include.sources.files.cells import storable
from include.sources.files.limits import LIMITS, MEBIBYTE, refuse_above
from include.sources.files.streams import Reader

DELIMITERS = ",;\t|"


def read_header(reader: Reader, delimiter: str | None) -> tuple[str, list[str]]:
    """Consume the first record; give the separator and the names, each different from the others."""
    head = reader.read(MEBIBYTE)
    text = head.decode("utf-8", "surrogateescape")
    blank = len(text) - len(text.lstrip("\r\n"))
    delimiter = delimiter or _separator(text[blank:])
    record, names = _first_record(text[blank:], delimiter)
    consumed = (text[:blank] + record).encode("utf-8", "surrogateescape")
    reader.unread(head[len(consumed) :])
    _refuse_other_bytes(record)
    refuse_above(LIMITS.columns, len(names), "columns", place="header")
    return delimiter, _distinct([storable(name.strip()) for name in names])


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


def _separator(text: str) -> str:
    """The separator that makes most of the header; a comma when none occurs."""
    return max(DELIMITERS, key=lambda delimiter: len(_first_record(text, delimiter)[1]))


def _first_record(text: str, delimiter: str) -> tuple[str, list[str]]:
    """The text of the first record, quoted line breaks included, and its fields."""
    lines: list[str] = []

    def remembered() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            lines.append(line)
            yield line

    try:
        names = next(csv.reader(remembered(), delimiter=delimiter), [])
    except csv.Error as error:
        raise FileRejected(
            "F002_UNPARSEABLE", f"the header cannot be read: {error}", place="header", remedy="quote the header names"
        ) from error
    return "".join(lines), names


def _distinct(names: list[str]) -> list[str]:
    """Later columns of the same name are numbered: energy, energy (2)."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct
