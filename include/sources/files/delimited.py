"""CSV and its relatives: rows streamed below their header, rows of a wrong width kept apart."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files.cells import BATCH_ROWS, BadCell, Chunk, utf8
from include.sources.files.formats import Format
from include.sources.files.headers import read_head
from include.sources.files.limits import LIMITS, refuse_above
from include.sources.files.streams import OnDemand, Reader, chunks


class DelimitedFile:
    """One delimited text file, readable once from start to end."""

    def __init__(self, path: Path, form: Format, hints: FileHints) -> None:
        reader = Reader(chunks(path, form))
        head = read_head(reader, hints)
        self._source = OnDemand(reader)
        self.delimiter, self.hints, self._headers = head.delimiter, head.hints, head.names
        self._has_spare = head.has_spare
        self._broken: dict[int, csv.InvalidRow] = {}
        self._row = 0
        self._is_cut = False
        self._last_cells: list[bytes] = []

    def chunks(self, _wanted: np.ndarray | None = None) -> Iterator[Chunk]:
        """Yield all rows in order, with their numbers; rows of a wrong width come with their line only."""
        for batch in self._batches():
            for start in range(0, max(batch.num_rows, 1), BATCH_ROWS):
                chunk = self._chunk(batch.slice(start, BATCH_ROWS))
                refuse_above(LIMITS.rows, self._row, "rows")
                if len(chunk.row_numbers):
                    yield chunk
        self._refuse_cut()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([(str(position), pa.binary()) for position in range(len(self._headers))])
        try:
            batches = csv.open_csv(
                pa.PythonFile(self._source, mode="r"),
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=LIMITS.record_bytes, column_names=schema.names
                ),
                parse_options=csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=self._keep_broken
                ),
                convert_options=csv.ConvertOptions(column_types=schema, null_values=[""], strings_can_be_null=True),
            )
            yield from self._source.paced(batches)
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise self._refusal(str(error)) from error
        yield pa.RecordBatch.from_pylist([], schema=schema)  # gives room to broken rows at the very end

    def _refusal(self, message: str) -> FileRejected:
        place = f"after row {self._row:,}"
        if "straddling" in message:
            remedy = "look for a quote that is never closed, or shorten the cells"
            return FileRejected(
                "F003_TOO_LARGE", f"bytes in one row: more than {LIMITS.record_bytes:,}", place=place, remedy=remedy
            )
        return FileRejected("F002_UNPARSEABLE", message, place=place, remedy="export the file again")

    def _keep_broken(self, row: csv.InvalidRow) -> str:
        self._broken[row.number] = row
        return "skip"

    def _chunk(self, batch: pa.RecordBatch) -> Chunk:
        """Number the rows of a batch and put the broken ones of its range back in their places."""
        first, waiting = self._row + 1, self._broken
        lines: dict[int, str] = {}
        valid: list[int] = []
        while (len(valid) < batch.num_rows and waiting) or self._row + 1 in waiting:
            self._row += 1
            if row := waiting.pop(self._row, None):
                lines[self._row] = row.text
                self._is_cut = row.actual_columns < row.expected_columns
            else:
                valid.append(self._row)
        self._row += batch.num_rows - len(valid)
        numbers = pa.arange(first, self._row + 1)
        if lines:
            batch = _with_gaps(batch, numbers, lines)
        if self._has_spare:
            batch = self._without_spare(batch, numbers, lines)
        if len(numbers):
            self._is_cut = self._is_cut and self._row in lines
        return self._decoded(batch, numbers, lines)

    def _without_spare(self, batch: pa.RecordBatch, numbers: pa.Int64Array, lines: dict[int, str]) -> pa.RecordBatch:
        """Take rows out that have a value behind the separator at the end: one of their cells was cut in two."""
        spare = batch.columns[-1].to_pylist()
        too_wide = {index for index, cell in enumerate(spare) if cell and cell.strip()}
        for index in too_wide:
            cells = [column[index].as_py() or b"" for column in batch.columns]
            lines[numbers[index].as_py()] = self.delimiter.encode().join(cells).decode("utf-8", "replace")
        if not too_wide:
            return batch
        return batch.take(pa.array([None if i in too_wide else i for i in range(batch.num_rows)], pa.int64()))

    def _decoded(self, batch: pa.RecordBatch, numbers: pa.Int64Array, lines: dict[int, str]) -> Chunk:
        columns: dict[str, pa.StringArray] = {}
        refused: dict[str, list[BadCell]] = {}
        if not len(numbers):
            return Chunk(numbers, columns)
        for header, cells in zip(self._headers, batch.columns, strict=True):
            longest = pc.max(pc.binary_length(cells)).as_py() or 0
            refuse_above(LIMITS.cell_bytes, longest, "bytes in a cell", place=f"column {header!r}")
            columns[header], bad = utf8(cells, f"rows {numbers[0]} to {numbers[-1]}, column {header!r}")
            if bad:
                refused[header] = bad
        self._last_cells = [cells[-1].as_py() or b"" for cells in batch.columns]
        return Chunk(numbers, columns, refused, lines)

    def _refuse_cut(self) -> None:
        """Refuse an empty file, and one whose end is missing: too few fields, or an open quote."""
        if self._row == 0:
            raise FileRejected("F001_EMPTY", "no rows below the header", remedy="nothing to do if the plant was idle")
        is_open = self._source.last_byte not in (b"\n", b"\r")
        has_open_quote = self._source.quotes % 2 and (
            is_open or self._is_cut or any(b"\n" in cell for cell in self._last_cells)
        )
        if has_open_quote or (is_open and self._is_cut):
            raise FileRejected(
                "F002_UNPARSEABLE",
                "the file ends inside a quoted cell" if has_open_quote else "the last line is cut off",
                place=f"row {self._row:,}",
                remedy="transfer the file again",
            )


def _with_gaps(batch: pa.RecordBatch, numbers: pa.Int64Array, lines: dict[int, str]) -> pa.RecordBatch:
    """The batch with an empty row at the place of every broken one."""
    positions, position = [], -1
    for number in numbers.to_pylist():
        position += number not in lines
        positions.append(None if number in lines else position)
    return batch.take(pa.array(positions, pa.int64()))
