"""Parquet: flat columns only, streamed in slices; what the footer claims is checked before anything is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files.cells import BATCH_ROWS, BadCell, Chunk, among, utf8
from include.sources.files.formats import Format
from include.sources.files.limits import LIMITS, MEBIBYTE, refuse_above
from include.sources.files.streams import expanded_file

SLICE_CELLS = 1 << 21


class ParquetFile:
    """One Parquet file, readable once from start to end."""

    delimiter = None

    def __init__(self, path: Path, form: Format, hints: FileHints) -> None:
        self._path = path
        self._form = form
        self.hints = hints

    def chunks(self, wanted: np.ndarray | None = None) -> Iterator[Chunk]:
        """Yield the rows in order, at most `BATCH_ROWS` at a time; where some are wanted, only those."""
        with expanded_file(self._path, self._form) as path, _named_errors():
            names = _flat_columns(path)
            text = [name for name, kind in names.items() if pa.types.is_binary(kind) or _is_text(kind)]
            with pq.ParquetFile(
                path, read_dictionary=text, buffer_size=MEBIBYTE, pre_buffer=False, page_checksum_verification=True
            ) as file:
                row = 0
                rows = max(1, min(BATCH_ROWS, SLICE_CELLS // max(len(names), 1)))
                for batch in file.iter_batches(rows, columns=list(names), use_threads=False):
                    chunk = _chunk(batch, row, wanted)
                    row += batch.num_rows
                    if len(chunk.row_numbers):
                        yield chunk
                if row == 0:
                    raise FileRejected("F001_EMPTY", "no rows", remedy="nothing to do if the plant was idle")


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, OverflowError, UnicodeError) as error:
        raise FileRejected(
            "F002_UNPARSEABLE", f"Parquet: {error}", place="footer or page", remedy="write or transfer the file again"
        ) from error


def _flat_columns(path: Path) -> dict[str, pa.DataType]:
    """Names and types of the columns that hold one simple value a row, after a look at the limits."""
    with pq.ParquetFile(path, thrift_string_size_limit=16 * MEBIBYTE, thrift_container_size_limit=MEBIBYTE) as file:
        footer, schema = file.metadata, file.schema_arrow
    refuse_above(LIMITS.columns, footer.num_columns, "columns", place="footer")
    refuse_above(LIMITS.rows, footer.num_rows, "rows", place="footer")
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    expanded = sum(group.total_byte_size for group in groups)
    refuse_above(LIMITS.expanded_bytes, expanded, "expanded bytes", place="footer")
    if expanded > LIMITS.expansion_allowance:
        refuse_above(LIMITS.expansion_ratio, expanded // path.stat().st_size, "expansion ratio", place="footer")
    if len(set(schema.names)) != len(schema.names):
        raise FileRejected("F007_HEADER", "two columns have the same name", place="footer", remedy="rename one of them")
    return {field.name: field.type for field in schema if not pa.types.is_nested(field.type)}


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _chunk(batch: pa.RecordBatch, row: int, wanted: np.ndarray | None) -> Chunk:
    """The rows of a batch, or those of them that are wanted; `row` is the number of the row before the first."""
    numbers = np.arange(row + 1, row + 1 + batch.num_rows)
    if wanted is not None:
        numbers = among(wanted, row + 1, batch.num_rows)
        batch = batch.take(pa.array(numbers - row - 1))
    columns: dict[str, pa.Array] = {}
    refused: dict[str, list[BadCell]] = {}
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        header = storable(name)
        columns[header], bad = _plain(cells, f"row {row + 1} on, column {header!r}")
        if bad:
            refused[header] = bad
    return Chunk(pa.array(numbers), columns, refused)


def _plain(cells: pa.Array, place: str) -> tuple[pa.Array, list[BadCell]]:
    """A column without dictionary; texts are measured first, since a small dictionary can unfold to gigabytes."""
    if not pa.types.is_dictionary(cells.type):
        return cells, []
    words = cells.dictionary
    if not _is_text(words.type) and not pa.types.is_binary(words.type):
        return cells.dictionary_decode(), []
    lengths = pc.binary_length(words)
    refuse_above(LIMITS.cell_bytes, pc.max(lengths).as_py() or 0, "bytes in a cell", place=place)
    refuse_above(LIMITS.batch_bytes, pc.sum(lengths.take(cells.indices)).as_py() or 0, "bytes in a slice", place=place)
    return utf8(words.cast(pa.binary()).take(cells.indices), place)
