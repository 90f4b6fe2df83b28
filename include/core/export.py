"""Writes rows as CSV that a spreadsheet cannot be tricked into executing.

A text cell that a spreadsheet would read as a formula gets an apostrophe before it (OWASP, CSV Injection); numbers stay
numbers, so a negative one is not touched. Spreadsheets of many countries split cells at semicolons, so what follows one
counts as a cell too. A byte order mark tells the spreadsheet that the file is UTF-8.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any

_FORMULA = re.compile(r"(^|[\r\n;])(\s*)(?=[=+\-@\t\r＝＋－＠])")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def safe_cell(value: Any) -> Any:
    """A cell that is safe to open: formulas are neutralised, also behind blanks, line breaks and semicolons."""
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    text = str(value)
    return text if _NUMBER.fullmatch(text.strip()) else _FORMULA.sub(r"\1'\2", text)


def write_csv(file: IO[str], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a header and rows; returns how many rows were written."""
    file.write("\ufeff")
    writer = csv.writer(file)
    writer.writerow([safe_cell(column) for column in columns])
    written = 0
    for row in rows:
        writer.writerow([safe_cell(row.get(column)) for column in columns])
        written += 1
    return written
