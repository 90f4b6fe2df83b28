"""Chunks of delivered cells to rows of `raw.file_reading`: nothing is dropped, what fails stays beside the row."""

import json
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from include.core.clock import Copy, TimestampRefused, WallClock, parse
from include.core.errors import FileRejected
from include.core.numbers import DecimalMark
from include.core.records import FileHints
from include.sources.files import measures
from include.sources.files.cells import BadCell, Chunk, as_text, bad_cell, blanked, put, storable
from include.sources.files.columns import METRICS, UNNAMED, ColumnMap, map_columns, require_reading
from include.sources.files.instants import Instants, instants
from include.sources.files.intervals import Spacing, series_of
from include.sources.files.leftovers import json_objects, labels, merged

RAW_TABLE = "raw.file_reading"
RAW_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("external_site_id", pa.string()),
        ("external_device_id", pa.string()),
        ("interval_start", pa.timestamp("us", tz="UTC")),
        ("interval_seconds", pa.int32()),
        ("energy", pa.float64()),
        ("energy_unit", pa.string()),
        ("energy_total", pa.float64()),
        ("energy_total_unit", pa.string()),
        ("power", pa.float64()),
        ("power_unit", pa.string()),
        ("irradiance_wm2", pa.float64()),
        ("temperature_c", pa.float64()),
        ("quality", pa.string()),
        ("other_metrics", pa.string()),
        ("unparsed", pa.string()),
    ]
)

INTERVALS = {"interval_seconds": (1, 0), "interval_minutes": (60, 0), "interval": (1, 61)}
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
        self.hints = hints
        self.delimiter = delimiter
        self.clock = WallClock()
        self.spacing = Spacing()
        self.map: ColumnMap | None = None
        self.style: DecimalMark | None = None

    def batch(self, chunk: Chunk) -> Batch:
        """Read one chunk."""
        self._learn(chunk)
        self._refuse_other_tenant(chunk)
        return _Reading(self, chunk).batch()

    def _learn(self, chunk: Chunk) -> None:
        headers = list(chunk.columns)
        is_first = self.map is None
        self.map = map_columns(headers, self.hints, before=self.map)
        if not is_first:
            return
        require_reading(self.map, headers)
        self._refuse_unnamed(chunk)
        metrics = [chunk.columns[header] for name in METRICS if (header := self.map.header(name))]
        self.style = measures.decimal_mark(self.hints.decimal_mark, self.delimiter, metrics)

    def _refuse_unnamed(self, chunk: Chunk) -> None:
        """An unnamed column is believed to hold time stamps only when its first cell is one."""
        header = self.map.header("timestamp")
        if header not in UNNAMED or header in self.hints.columns:
            return
        cells = chunk.columns[header].drop_null()
        try:
            if len(cells) and not pa.types.is_temporal(cells.type):
                parse(as_text(cells[:1])[0].as_py(), self.hints.date_order)
        except TimestampRefused as refused:
            if refused.code == "R102_TS_FORMAT":
                require_reading(ColumnMap(), list(chunk.columns))

    def _refuse_other_tenant(self, chunk: Chunk) -> None:
        expected, header = self.hints.organization_id, self.map.header("organization_id")
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


class _Reading:
    """One chunk on its way to a batch: reads column after column and collects the cells that fail."""

    def __init__(self, file: Assembler, chunk: Chunk) -> None:
        self.file = file
        self.chunk = chunk
        self.length = len(chunk.row_numbers)
        self.bad: dict[str, list[BadCell]] = {header: list(cells) for header, cells in chunk.refused.items()}

    def batch(self) -> Batch:
        """Read all columns."""
        hints = self.file.hints
        columns: dict[str, pa.Array] = {"row_number": self.chunk.row_numbers}
        columns["external_site_id"] = sites = self._labels("external_site_id", hints.default_site)
        columns["external_device_id"] = devices = self._labels("external_device_id", hints.default_device)
        found = self._instants(sites, devices)
        columns["interval_seconds"] = seconds = self._interval_seconds(sites, devices, found.utc)
        columns["interval_start"] = self._starts(found.utc, seconds)
        columns |= self._measures()
        columns["quality"] = self._labels("quality")
        columns["other_metrics"] = self._other_metrics()
        columns["unparsed"] = self._unparsed()
        return Batch(columns, found.copies)

    def _cells(self, column: str) -> pa.Array | None:
        return self.chunk.columns.get(self.file.map.header(column))

    def _note(self, column: str, bad: list[BadCell]) -> None:
        if bad:
            self.bad.setdefault(self.file.map.header(column), []).extend(bad)

    def _labels(self, column: str, default: str | None = None) -> pa.StringArray:
        cells = self._cells(column)
        if cells is None:
            return pa.repeat(pa.scalar(default, pa.string()), self.length)
        text, bad = labels(cells)
        self._note(column, bad)
        return pc.fill_null(text, default) if default else text

    def _instants(self, sites: pa.StringArray, devices: pa.StringArray) -> Instants:
        column = self._time_column()
        cells = self._cells(column)
        if cells is None:
            cells = pa.nulls(self.length, pa.string())
        unit = self.file.map.unit(column)
        found = instants(cells, sites, devices, self.file.hints, unit, self.file.clock)
        broken = self._broken_rows()
        refused = {cell.index for cell in self.bad.get(self.file.map.header(column), [])}
        self._note(column, [cell for cell in found.bad if cell.index not in broken | refused])
        return found

    def _time_column(self) -> str:
        return "timestamp" if "timestamp" in self.file.map.used else "interval_end"

    def _interval_seconds(
        self, sites: pa.StringArray, devices: pa.StringArray, utc: pa.TimestampArray
    ) -> pa.Int32Array:
        """As delivered, else as declared, else as the series is spaced; null where nobody knows."""
        seconds, bad = pa.nulls(self.length, pa.int32()), []
        column = next((name for name in INTERVALS if self._cells(name) is not None), None)
        if column:
            seconds, bad = measures.whole_numbers(self._cells(column), *INTERVALS[column])
            self._note(column, bad)
        if self.file.hints.interval_seconds:
            seconds = pc.fill_null(seconds, self.file.hints.interval_seconds)
        elif seconds.null_count:
            seconds = pc.coalesce(seconds, self.file.spacing.column(series_of(sites, devices), utc))
        unknown = [BadCell(row, "", "") for row in self._broken_rows()]
        return blanked(seconds, bad + unknown)

    def _starts(self, utc: pa.TimestampArray, seconds: pa.Int32Array) -> pa.TimestampArray:
        """Interval starts; an end label moves back by its interval, and is refused when that is unknown."""
        column = self._time_column()
        if column == "timestamp" and self.file.hints.timestamp_label != "end":
            return utc
        rows = pc.indices_nonzero(pc.and_(pc.is_valid(utc), pc.is_null(seconds))).to_pylist()
        texts = as_text(self._cells(column).take(pa.array(rows, pa.int64()))).to_pylist()
        remedy = "an end label needs the interval's length"
        self._note(column, [bad_cell(r, "R504_INTERVAL_VALUE", t, remedy) for r, t in zip(rows, texts, strict=True)])
        length_us = pc.multiply(seconds.cast(pa.int64()), 1_000_000)
        return pc.subtract(utc.cast(pa.int64()), length_us).cast(utc.type)
