"""A delivered object of billing reads, row by row: JSON, wrapped JSON, NDJSON, CSV or Parquet, gzipped or not.

The formats are those of clients' files, with the same limits; only the meaning of the columns is ours.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.numbers import DecimalMark
from include.core.records import FileHints
from include.sources.billing.base import RAW_SCHEMA, BillingAdapter
from include.sources.billing.cells import Cells
from include.sources.files import cells as file_cells
from include.sources.files import chunks
from include.sources.files.cells import SHOWN_LETTERS, Chunk, as_text

BATCH_ROWS = 10_000
TEXTS = [field.name for field in RAW_SCHEMA if pa.types.is_string(field.type)]


def read(path: Path, name: str, adapter: BillingAdapter, hints: FileHints) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a delivery as `RAW_SCHEMA` batches; discard everything when FileRejected is raised."""
    rows = _rows(path, name, adapter, hints)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist(batch, schema=RAW_SCHEMA)


def cells(path: Path, name: str, hints: FileHints, row_numbers: set[int]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, name -> text as delivered) of the wanted rows."""
    yield from file_cells(path, name, hints, row_numbers)


def _rows(path: Path, name: str, adapter: BillingAdapter, hints: FileHints) -> Iterator[dict[str, Any]]:
    style = DecimalMark(hints.decimal_mark or ".", is_declared=True)
    for nth, chunk in enumerate(chunks(path, name, hints)):
        columns = _by_name(chunk, hints)
        if nth == 0 and not columns.keys() & _known(adapter):
            raise FileRejected(
                "F007_HEADER",
                f"none of the columns is one of {adapter.NAME}: {', '.join(columns)[:SHOWN_LETTERS]}",
                place="header",
                remedy="name the columns as docs/billing.md does, or choose another adapter",
            )
        names = frozenset(columns)
        for place, number in enumerate(chunk.row_numbers.to_pylist()):
            if number in chunk.broken:
                flaw = {"code": "B203_FIELD_COUNT", "text": storable(chunk.broken[number])[:SHOWN_LETTERS]}
                yield {"row_number": number, "unparsed": _json({"row": flaw})}
                continue
            texts = {header: column[place] for header, column in columns.items()}
            row = Cells(texts, names, style, hints.date_order)
            yield {"row_number": number} | _finished(adapter.row(row), row, _refused(chunk, place))


def _known(adapter: BillingAdapter) -> set[str]:
    """Every name that an adapter asks a row for."""
    row = Cells({}, frozenset(), DecimalMark())
    adapter.row(row)
    return row.asked


def _finished(values: dict[str, Any], row: Cells, refused: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The raw row: what it says in words also goes to `source_metadata`, what PostgreSQL cannot hold to `unparsed`."""
    flaws = refused | row.flaws
    for name in TEXTS:
        text = values.get(name)
        if isinstance(text, str) and storable(text) != text:
            values[name] = None
            flaws[name] = {"code": "B204_TEXT", "text": storable(text)[:SHOWN_LETTERS]}
    return values | {"source_metadata": _json(row.words()), "unparsed": _json(flaws) if flaws else None}


def _refused(chunk: Chunk, place: int) -> dict[str, dict[str, str]]:
    """Cells of a row that were no text before anybody asked what they mean."""
    return {
        header: {"code": "B204_TEXT", "text": cell.text}
        for header, bad in chunk.refused.items()
        for cell in bad
        if cell.index == place
    }


def _by_name(chunk: Chunk, hints: FileHints) -> dict[str, list[str | None]]:
    """The columns as texts by name in lower case; two spellings of one name fill each other's gaps."""
    columns: dict[str, list[str | None]] = {}
    for header, column in chunk.columns.items():
        name = name_of(header, hints)
        texts = as_text(column).to_pylist()
        known = columns.get(name)
        columns[name] = texts if known is None else [a if a else b for a, b in zip(known, texts, strict=True)]
    return columns


def name_of(header: str, hints: FileHints) -> str:
    """The name that an adapter knows a header by: the one of the column map, else its own in lower case."""
    return (hints.columns.get(header) or header).strip().lower().replace(" ", "_")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
