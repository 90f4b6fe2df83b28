"""Writes rows as CSV that a spreadsheet cannot be tricked into executing.

A text cell that a spreadsheet would read as a formula gets a leading apostrophe (OWASP, CSV Injection); numbers stay
numbers, so a negative one is not touched.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any

_FORMULA = re.compile(r"(?:^|[\r\n])\s*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def safe_cell(value: Any) -> Any:
    """A cell that is safe to open: formulas are neutralised, also behind blanks or inside a multi-line cell."""
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    text = str(value)
    return f"'{text}" if _FORMULA.search(text) and not _NUMBER.fullmatch(text.strip()) else text


def write_csv(file: IO[str], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a header and rows; returns how many rows were written."""
    writer = csv.writer(file)
    writer.writerow([safe_cell(column) for column in columns])
    written = 0
    for row in rows:
        writer.writerow([safe_cell(row.get(column)) for column in columns])
        written += 1
    return written
