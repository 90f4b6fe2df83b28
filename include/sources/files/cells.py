"""Cells as delivered, before they mean anything: columns of text or simple types, and the cells that failed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.clock import TimestampRefused
from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.numbers import NumberRefused

BATCH_ROWS = 32_768
SHOWN_LETTERS = 200
SMALLEST_CAST = 128
INT64_MAX = float(2**63)


class BadCell(NamedTuple):
    """A cell (row index in its batch) that could not be read; `remedy` is empty or a sentence."""

    index: int
    code: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file: columns as delivered by header, cells refused already, and rows without columns."""

    row_numbers: pa.Int64Array
    columns: dict[str, pa.Array]
    refused: dict[str, list[BadCell]] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)  # row number -> line with too few or too many fields


def among(wanted: np.ndarray, first: int, rows: int) -> np.ndarray:
    """Those of some row numbers, which ascend, that lie among so many rows from number `first` on."""
    start, end = np.searchsorted(wanted, (first, first + rows))
    return wanted[start:end]


def bad_cell(index: int, code: str, text: str, remedy: str = "") -> BadCell:
    """Describe a failed cell; a text PostgreSQL cannot store is its own problem."""
    shown = storable(text)
    return BadCell(index, "R204_TEXT" if shown != text else code, shown[:SHOWN_LETTERS], remedy)


def utf8(cells: pa.BinaryArray, place: str) -> tuple[pa.StringArray, list[BadCell]]:
    """Bytes as UTF-8 text; a lone surrogate costs its cell, other bytes the whole file."""
    try:
        return cells.cast(pa.string()), []
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        bad: list[BadCell] = []
    for index, raw in enumerate(cells.to_pylist()):
        try:
            texts.append(raw if raw is None else raw.decode())
        except UnicodeDecodeError:
            texts.append(None)
            bad.append(bad_cell(index, "R204_TEXT", _surrogates(raw, place)))
    return pa.array(texts, pa.string()), bad


def _surrogates(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise FileRejected(
            "F002_UNPARSEABLE",
            f"the text is not UTF-8: {error.reason}",
            place=place,
            remedy="declare the file's encoding, or save it as UTF-8",
        ) from error


def as_text(cells: pa.Array) -> pa.StringArray:
    """Any simple column as text; whole numbers without a decimal point."""
    kind = cells.type
    if pa.types.is_string(kind):
        return cells
    if pa.types.is_floating(kind):
        cells = cells.cast(pa.float64())
        is_whole = pc.and_(pc.equal(pc.trunc(cells), cells), pc.less(pc.abs(cells), INT64_MAX))
        if pc.all(is_whole).as_py():
            cells = cells.cast(pa.int64())
    if pa.types.is_timestamp(kind) or pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return pa.array([None if value is None else str(value) for value in _values(cells)], pa.string())
    return cells.cast(pa.string())


def _values(cells: pa.Array) -> Iterator[Any]:
    for cell in cells:
        try:
            yield cell.as_py()
        except (OverflowError, ValueError):
            yield cell


def trimmed(cells: pa.StringArray) -> pa.StringArray:
    """Text without surrounding white space, null when nothing is left."""
    text = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(text, ""), None, text)


def cast_where_possible(cells: pa.StringArray, kind: pa.DataType) -> pa.Array:
    """Cast a column, leaving null where it fails or where a handful of neighbours fails."""
    try:
        return cells.cast(kind)
    except pa.ArrowInvalid:
        if len(cells) <= SMALLEST_CAST:
            return pa.nulls(len(cells), kind)
    middle = len(cells) // 2
    return pa.concat_arrays([cast_where_possible(part, kind) for part in (cells[:middle], cells[middle:])])


def read_by_hand(
    cells: pa.StringArray, is_left: pa.BooleanArray, read: Callable[[str], Any]
) -> tuple[dict[int, Any], list[BadCell]]:
    """Apply `read` to the cells that are left; give values by row index, and the cells it refuses."""
    values: dict[int, Any] = {}
    bad: list[BadCell] = []
    known: dict[str, Any] = {}
    for index in pc.indices_nonzero(is_left).to_pylist():
        text = cells[index].as_py()
        if text not in known:
            known[text] = _attempt(read, text)
        value = known[text]
        if isinstance(value, NumberRefused | TimestampRefused):
            bad.append(bad_cell(index, value.code, text, value.remedy))
        else:
            values[index] = value
    return values, bad


def _attempt(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except (NumberRefused, TimestampRefused) as refused:
        return refused


def put(column: pa.Array, values: dict[int, Any]) -> pa.Array:
    """The column with some rows replaced; `values` is by row index, ascending."""
    if not values:
        return column
    return pc.replace_with_mask(column, rows_mask(values, len(column)), pa.array(list(values.values()), column.type))


def rows_mask(rows: Iterable[int], length: int) -> pa.BooleanArray:
    """True at the given row indices."""
    wanted = pa.array(sorted(rows), pa.int64())
    return pc.is_in(pa.arange(0, length), value_set=wanted)


def blanked(column: pa.Array, bad: list[BadCell]) -> pa.Array:
    """The column with the failed cells null."""
    if not bad:
        return column
    return pc.if_else(rows_mask({cell.index for cell in bad}, len(column)), pa.scalar(None, column.type), column)
