"""Files that clients drop: CSV, JSON, NDJSON or Parquet, gzipped or not, to rows of the raw table.

Values stay as delivered, with the unit they were delivered in; only names, types and time are settled
here. A cell that cannot be read is null and described in `unparsed`; a file that cannot be read raises
FileRejected. Files are streamed: memory does not grow with their size.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files.cells import BATCH_ROWS, Chunk, as_text
from include.sources.files.columnar import ParquetFile
from include.sources.files.columns import map_columns
from include.sources.files.delimited import DelimitedFile
from include.sources.files.formats import HEAD_BYTES, Format, Kind, detect
from include.sources.files.limits import LIMITS, Limits, refuse_above
from include.sources.files.objects import JsonFile
from include.sources.files.rows import Assembler
from include.sources.files.schema import RAW_SCHEMA, RAW_TABLE

__all__ = [
    "LIMITS",
    "RAW_SCHEMA",
    "RAW_TABLE",
    "Format",
    "Kind",
    "Limits",
    "cells",
    "chunks",
    "detect",
    "headers",
    "read",
]


def read(path: Path, name: str, hints: FileHints) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file as `RAW_SCHEMA` batches; `name` is the name the client gave it.

    Discard everything when FileRejected is raised, also after some batches.
    """
    file = _open(path, name, hints)
    assembler = Assembler(file.hints, file.delimiter)
    held = None
    for chunk in _chunks(file):
        batch = assembler.batch(chunk)
        if held:
            yield from _slices(held.finished(assembler.file.clock))
        held = batch
    if held:
        yield from _slices(held.finished(assembler.file.clock))


def cells(path: Path, name: str, hints: FileHints, row_numbers: set[int]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, header -> text as delivered) of the wanted rows, made storable in PostgreSQL."""
    wanted = np.array(sorted(row_numbers), "int64")
    for chunk in _chunks(_open(path, name, hints), wanted):
        rows = pc.indices_nonzero(pc.is_in(chunk.row_numbers, value_set=pa.array(wanted)))
        yield from _cells_of(chunk, rows)
        if chunk.row_numbers[-1].as_py() >= max(row_numbers, default=0):
            return


def chunks(path: Path, name: str, hints: FileHints) -> Iterator[Chunk]:
    """Yield a file's cells as delivered, whatever they mean."""
    yield from _chunks(_open(path, name, hints))


def headers(delivered: list[str], hints: FileHints) -> dict[str, str]:
    """Our column -> the one of these headers that fills it."""
    return {column: match.header for column, match in map_columns(delivered, hints).used.items()}


def _cells_of(chunk: Chunk, rows: pa.Array) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and cells of some rows of a chunk, by their place in it; column by column, because rows are slow."""
    texts = {header: as_text(column.take(rows)).to_pylist() for header, column in chunk.columns.items()}
    for place, row in enumerate(rows.to_pylist()):
        number = chunk.row_numbers[row].as_py()
        if number in chunk.broken:
            yield number, {"row": storable(chunk.broken[number])}
            continue
        delivered = {header: column[place] for header, column in texts.items()}
        refused = {header: cell.text for header, found in chunk.refused.items() for cell in found if cell.index == row}
        yield number, {header: storable(text) for header, text in (delivered | refused).items() if text is not None}


def _open(path: Path, name: str, hints: FileHints) -> DelimitedFile | JsonFile | ParquetFile:
    size = path.stat().st_size
    if size == 0:
        raise FileRejected("F001_EMPTY", f"{name} has no bytes", remedy="nothing to do if the plant was idle")
    refuse_above(LIMITS.bytes, size, "bytes in the file")
    with path.open("rb") as source:
        form = detect(name, source.read(HEAD_BYTES), hints.encoding)
    if form.kind is Kind.PARQUET:
        return ParquetFile(path, form, hints)
    if form.kind is Kind.CSV:
        return DelimitedFile(path, form, hints)
    return JsonFile(path, form, hints)


def _chunks(file: DelimitedFile | JsonFile | ParquetFile, wanted: np.ndarray | None = None) -> Iterator[Chunk]:
    """The rows in order; a file may leave out those that are not `wanted`, and leaves out none unless some are."""
    try:
        yield from file.chunks(wanted)
    except (pa.ArrowException, UnicodeError, RecursionError, OverflowError) as error:
        raise FileRejected(
            "F002_UNPARSEABLE", f"{type(error).__name__}: {error}", place="data", remedy="export the file again"
        ) from error


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield batch.slice(start, BATCH_ROWS)
