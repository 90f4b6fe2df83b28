"""One chunk of delivered cells, read column by column into the shape of the raw table."""

import json
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from include.core.clock import Copy, WallClock
from include.core.numbers import DecimalMark
from include.core.records import FileHints
from include.sources.files import measures
from include.sources.files.cells import BadCell, Chunk, as_text, bad_cell, blanked, put
from include.sources.files.columns import METRICS, ColumnMap
from include.sources.files.daytimes import joined
from include.sources.files.instants import Instants, instants
from include.sources.files.intervals import Spacing, series_of
from include.sources.files.leftovers import json_objects, labels

USUAL_UNITS = {"irradiance_wm2": "W/m2", "temperature_c": "C"}
INTERVALS = {"interval_seconds": (1, 0), "interval_minutes": (60, 0), "interval": (1, 61)}


@dataclass(slots=True)
class Known:
    """What is known about a file: its declared hints, and what the chunks read so far taught."""

    hints: FileHints
    map: ColumnMap = field(default_factory=ColumnMap)
    style: DecimalMark = field(default_factory=DecimalMark)
    clock: WallClock = field(default_factory=WallClock)
    spacing: Spacing = field(default_factory=Spacing)
    quantities: set[str] = field(default_factory=set)


class Reading:
    """One chunk on its way to the raw table: reads column after column and collects the cells that fail."""

    def __init__(self, file: Known, chunk: Chunk) -> None:
        self.file = file
        self.chunk = chunk
        self.length = len(chunk.row_numbers)
        self.broken = self._broken_rows()
        self.bad: dict[str, dict[int, BadCell]] = {}
        self.units_in_cells: dict[str, pa.StringArray] = {}
        for header, cells in chunk.refused.items():
            self._note_header(header, cells)

    def columns(self) -> tuple[dict[str, pa.Array], dict[int, Copy]]:
        """Read all columns; give also the rows that are so far the only copy in a repeated hour."""
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
        unparsed = self._unparsed()
        empty = [BadCell(row, "", "") for row in self.broken]
        columns |= {name: blanked(column, empty) for name, column in columns.items() if name != "row_number"}
        return columns | {"unparsed": unparsed}, found.copies

    def _cells(self, column: str) -> pa.Array | None:
        return self.chunk.columns.get(self.file.map.header(column))

    def _broken_rows(self) -> dict[int, str]:
        """Lines without columns, by row index."""
        if not self.chunk.broken:
            return {}
        lines = self.chunk.broken
        return {i: lines[row] for i, row in enumerate(self.chunk.row_numbers.to_pylist()) if row in lines}

    def _note(self, column: str, bad: list[BadCell]) -> None:
        self._note_header(self.file.map.header(column), bad)

    def _note_header(self, header: str, bad: list[BadCell]) -> None:
        """Remember failed cells; what was said first about a cell stays."""
        for cell in bad:
            if cell.index not in self.broken:
                self.bad.setdefault(header, {}).setdefault(cell.index, cell)

    def _labels(self, column: str, default: str | None = None) -> pa.StringArray:
        cells = self._cells(column)
        if cells is None:
            return pa.repeat(pa.scalar(default, pa.string()), self.length)
        text, bad = labels(cells)
        self._note(column, bad)
        refused = self.bad.get(self.file.map.header(column), {}).values()
        return blanked(pc.fill_null(text, pa.scalar(default, pa.string())), list(refused))

    def _instants(self, sites: pa.StringArray, devices: pa.StringArray) -> Instants:
        column = self._time_column()
        unit = self.file.map.unit(column) or self.file.map.unit("time_of_day")
        found = instants(self._times(), sites, devices, self.file.hints, unit, self.file.clock)
        self._note(column, found.bad)
        return found

    def _times(self) -> pa.Array:
        """The cells of the time stamp, dates and times of day joined; null where the chunk lacks them."""
        none = pa.nulls(self.length, pa.string())
        names = [name for name in (self._time_column(), "time_of_day") if name in self.file.map.used]
        cells = [none if (found := self._cells(name)) is None else found for name in names]
        return joined(*cells) if len(cells) == 2 else cells[0]

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
        return blanked(seconds, bad)

    def _starts(self, utc: pa.TimestampArray, seconds: pa.Int32Array) -> pa.TimestampArray:
        """Interval starts; an end label moves back by its interval, and is refused when that is unknown."""
        column = self._time_column()
        is_start = column == "timestamp" and self.file.hints.timestamp_label != "end"
        if is_start or self._cells(column) is None:
            return utc
        rows = pc.indices_nonzero(pc.and_(pc.is_valid(utc), pc.is_null(seconds))).to_pylist()
        texts = as_text(self._times().take(pa.array(rows, pa.int64()))).to_pylist() if rows else []
        remedy = "an end label needs the interval's length"
        self._note(column, [bad_cell(r, "R504_INTERVAL_VALUE", t, remedy) for r, t in zip(rows, texts, strict=True)])
        length_us = pc.multiply(seconds.cast(pa.int64()), 1_000_000)
        return pc.subtract(utc.cast(pa.int64()), length_us).cast(utc.type)

    def _measures(self) -> dict[str, pa.Array]:
        found = {name: self._numbers(name) for name in METRICS}
        for name, convert in {
            "irradiance_wm2": measures.irradiance_wm2,
            "temperature_c": measures.temperature_c,
        }.items():
            unit = self._stated_unit(name) or USUAL_UNITS[name]
            bad = self._contradictions(name, pa.repeat(unit, self.length))
            found[name] = blanked(convert(found[name], unit), bad)
        for name, owner in self._unit_columns().items():
            found[name] = self._units(name.removesuffix("_unit"), owner)
        return found

    def _numbers(self, column: str) -> pa.DoubleArray:
        cells = self._cells(column)
        if cells is None:
            return pa.nulls(self.length, pa.float64())
        found = measures.numbers(cells, self.file.style, self.file.hints.null_values, column)
        self._note(column, found.bad)
        if found.units is not None:
            self.units_in_cells[column] = found.units
        return found.values

    def _unit_columns(self) -> dict[str, str]:
        """Which header column states the unit of each quantity: its own, or the row's `unit` for energy.

        A plain `unit` belongs to both energies; to power only in a file without energy.
        """
        has_energy = any(self.file.map.header(name) for name in ("energy", "energy_total"))
        plain_for = {"energy_unit", "energy_total_unit"} if has_energy else {"power_unit"}
        return {
            name: name if name in self.file.map.used or name not in plain_for else "unit"
            for name in ("energy_unit", "energy_total_unit", "power_unit")
        }

    def _units(self, quantity: str, owner: str) -> pa.StringArray:
        """Units of one quantity: the row's word, else the header's, the column map's, the cell's, else null."""
        if self.file.map.header(quantity) is None:
            return pa.nulls(self.length, pa.string())
        text, header = self._labels(owner), self.file.map.unit(quantity)
        bad = _conflicts(text, pa.repeat(header, self.length), text) if header else []
        self._note(owner, bad)
        units = pc.fill_null(text, pa.scalar(self._stated_unit(quantity), pa.string()))
        bad = bad + self._contradictions(quantity, units)
        return blanked(pc.coalesce(units, self.units_in_cells.get(quantity, units)), bad)

    def _stated_unit(self, column: str) -> str | None:
        return self.file.map.unit(column) or self.file.hints.units.get(column)

    def _contradictions(self, column: str, stated: pa.StringArray) -> list[BadCell]:
        """Cells that carry another unit than the one stated for them."""
        if column not in self.units_in_cells:
            return []
        bad = _conflicts(self.units_in_cells[column], stated, self._cells(column))
        self._note(column, bad)
        return bad

    def _other_metrics(self) -> pa.StringArray:
        others = {header: self.chunk.columns[header] for header in self.file.map.others if header in self.chunk.columns}
        objects, refused = json_objects(others, self.length)
        for header, cells in refused.items():
            self._note_header(header, cells)
        return objects

    def _unparsed(self) -> pa.StringArray:
        """JSON of what failed in each row: {header: {code, text and, when one can help, remedy}}."""
        rows: dict[int, dict[str, dict[str, str]]] = {
            row: {"row": _problem(bad_cell(row, "R203_FIELD_COUNT", line))} for row, line in self.broken.items()
        }
        for header, cells in self.bad.items():
            for row, cell in cells.items():
                rows.setdefault(row, {})[header] = _problem(cell)
        texts = {row: json.dumps(rows[row], ensure_ascii=False) for row in sorted(rows)}
        return put(pa.nulls(self.length, pa.string()), texts)


def _conflicts(units: pa.StringArray, stated: pa.StringArray, texts: pa.StringArray) -> list[BadCell]:
    """Rows whose unit is not the stated one: a factor nobody should guess."""
    rows = pc.indices_nonzero(pc.not_equal(pc.utf8_lower(units), pc.utf8_lower(stated))).to_pylist()
    return [bad_cell(r, "R205_UNIT_CONFLICT", texts[r].as_py(), f"the unit is stated as {stated[r]}") for r in rows]


def _problem(cell: BadCell) -> dict[str, str]:
    problem = {"code": cell.code, "text": cell.text}
    return problem | {"remedy": cell.remedy} if cell.remedy else problem
