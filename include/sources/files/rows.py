"""Chunks of delivered cells to rows of the raw table: nothing is dropped, what fails stays beside its row."""

from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from include.core.clock import Copy, TimestampRefused, WallClock, parse
from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files.cells import Chunk, as_text, put
from include.sources.files.columns import METRICS, UNNAMED, ColumnMap, declared_units, map_columns, require_reading
from include.sources.files.daytimes import settled
from include.sources.files.leftovers import labels, merged
from include.sources.files.measures import decimal_mark
from include.sources.files.reading import Known, Reading
from include.sources.files.schema import RAW_SCHEMA

MISSING_QUALITY = pa.array(["missing", "null", "none"])


@dataclass(slots=True)
class Batch:
    """Rows that are ready but for the flags of the repeated hour, which later rows may settle."""

    columns: dict[str, pa.Array]
    copies: dict[int, Copy] = field(default_factory=dict)

    def finished(self, clock: WallClock) -> pa.RecordBatch:
        """The rows, with those that stayed the only copy in a repeated hour marked as estimated."""
        lonely = [row for row, copy in sorted(self.copies.items()) if not clock.is_repeated(copy)]
        if lonely:
            quality, other = self.columns["quality"], self.columns["other_metrics"]
            known_missing = pc.is_in(pc.utf8_lower(quality), value_set=MISSING_QUALITY)
            estimated = {row: "estimated" for row in lonely if not known_missing[row].as_py()}
            self.columns["quality"] = put(quality, estimated)
            marked = {row: merged(other[row].as_py(), {"dst_ambiguous": True}) for row in lonely}
            self.columns["other_metrics"] = put(other, marked)
        return pa.record_batch([self.columns[name] for name in RAW_SCHEMA.names], schema=RAW_SCHEMA)


class Assembler:
    """Turns the chunks of one file into rows; remembers what earlier chunks taught about the file."""

    def __init__(self, hints: FileHints, delimiter: str | None = None) -> None:
        self.file = Known(replace(hints, units=declared_units(hints)))
        self._delimiter = delimiter

    def batch(self, chunk: Chunk) -> Batch:
        """Read one chunk."""
        self._learn(chunk)
        refuse_other_tenant(self.file, chunk)
        refuse_mixed_quantities(self.file, chunk)
        columns, copies = Reading(self.file, chunk).columns()
        return Batch(columns, copies)

    def _learn(self, chunk: Chunk) -> None:
        headers = list(chunk.columns)
        is_first = not self.file.map.used
        self.file.map = map_columns(headers, self.file.hints, before=self.file.map)
        if not is_first:
            return
        require_reading(self.file.map, headers)
        self.file.map = settled(self.file.map, chunk)
        refuse_unnamed(self.file, chunk)
        metrics = [chunk.columns[header] for name in METRICS if (header := self.file.map.header(name))]
        self.file.style = decimal_mark(self.file.hints.decimal_mark, self._delimiter, metrics)


def refuse_unnamed(file: Known, chunk: Chunk) -> None:
    """Refuse an unnamed column as time stamp (F007_HEADER) unless its first cell is one."""
    header = file.map.header("timestamp")
    if header not in UNNAMED or header in file.hints.columns:
        return
    cells = chunk.columns[header].drop_null()
    try:
        if len(cells) and not pa.types.is_temporal(cells.type):
            parse(as_text(cells[:1])[0].as_py(), file.hints.date_order)
    except TimestampRefused as refused:
        if refused.code == "R102_TS_FORMAT":
            require_reading(ColumnMap(), list(chunk.columns))


def refuse_other_tenant(file: Known, chunk: Chunk) -> None:
    """Refuse a file whose rows name another organization than the one it was dropped for."""
    expected, header = file.hints.organization_id, file.map.header("organization_id")
    if expected is None or header not in chunk.columns:
        return
    named = pc.unique(labels(chunk.columns[header])[0]).drop_null().to_pylist()
    strangers = [text for text in named if text != str(expected)]
    if strangers:
        raise FileRejected(
            "F008_TENANT_MISMATCH",
            f"{header!r} names organization {storable(strangers[0])[:60]!r}, the file was dropped for {expected}",
            place=f"rows {chunk.row_numbers[0]} to {chunk.row_numbers[-1]}",
            remedy="drop the file under the prefix of the organization it belongs to",
        )


def refuse_mixed_quantities(file: Known, chunk: Chunk) -> None:
    """Refuse a file in long form whose one column of values holds several quantities."""
    header = file.map.header("quantity")
    if header not in chunk.columns:
        return
    file.quantities |= set(pc.unique(labels(chunk.columns[header])[0]).drop_null().to_pylist())
    if len(file.quantities) > 1:
        listed = ", ".join(repr(storable(name)[:60]) for name in sorted(file.quantities)[:5])
        raise FileRejected(
            "F007_HEADER",
            f"{header!r} names several quantities: {listed}",
            place=f"rows {chunk.row_numbers[0]} to {chunk.row_numbers[-1]}",
            remedy="deliver one column per quantity, or one file per quantity",
        )
