"""JSON records to columns: keys become headers, and what surrounds a wrapped array fills in for its records."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.json_objects import once
from include.core.records import FileHints
from include.sources.files.cells import BadCell, Chunk, bad_cell
from include.sources.files.columns import map_columns
from include.sources.files.formats import Format, Kind
from include.sources.files.jsontext import Record, Window, records
from include.sources.files.limits import LIMITS, MEBIBYTE, refuse_above
from include.sources.files.streams import Reader, chunks

CHUNK_RECORDS = 16_384
CHUNK_LETTERS = 16 * MEBIBYTE
INHERITED = {
    "external_site_id",
    "external_device_id",
    "interval_seconds",
    "interval_minutes",
    "interval",
    "energy_unit",
    "energy_total_unit",
    "power_unit",
    "unit",
    "organization_id",
}
NESTED = pa.struct([])
SURROGATE = re.compile("[\ud800-\udfff]")
INT64 = range(-(2**63), 2**63)


class JsonFile:
    """One file of JSON or NDJSON."""

    delimiter = None

    def __init__(self, path: Path, form: Format, hints: FileHints) -> None:
        self._path = path
        self._form = form
        self.hints = hints

    def chunks(self) -> Iterator[Chunk]:
        """Yield the records in order, some thousand at a time."""
        envelope = self._envelope()
        row = 0
        for group in _groups(*self._records({})):
            yield self._chunk(group, row, envelope)
            row += len(group)
            refuse_above(LIMITS.rows, row, "rows")
        if row == 0:
            raise FileRejected("F001_EMPTY", "no records", remedy="nothing to do if the plant was idle")

    def _records(self, envelope: Record) -> tuple[Window, Iterator[Record]]:
        window = Window(Reader(chunks(self._path, self._form)), json.JSONDecoder(object_pairs_hook=once))
        return window, records(window, envelope)

    def _envelope(self) -> Record:
        """Members beside a wrapped array. They may follow it, so the file is walked once to the end."""
        envelope: Record = {}
        if self._form.kind is Kind.JSON:
            window, found = self._records(envelope)
            if window.peek() == "{":
                for _ in found:
                    pass
        return envelope

    def _chunk(self, group: list[Record], row: int, envelope: Record) -> Chunk:
        keys = dict.fromkeys(chain.from_iterable(group))
        refuse_above(LIMITS.columns, len(keys), "different keys", place=f"rows from {row + 1}")
        defaults = self._defaults(list(keys), envelope)
        columns: dict[str, pa.Array] = {}
        refused: dict[str, list[BadCell]] = {}
        for key in keys | defaults:
            header, default = storable(key), defaults.get(key)
            values = [record.get(key) for record in group]
            if default is not None:
                values = [default if value is None else value for value in values]
            columns[header], bad = column(values, f"rows from {row + 1}, key {key!r}")
            if bad:
                refused[header] = bad
        return Chunk(pa.arange(row + 1, row + len(group) + 1), columns, refused)

    def _defaults(self, keys: list[str], envelope: Record) -> Record:
        """Values of the envelope by the key they fill in for: site, device, units, interval and tenant only."""
        used = map_columns(keys, self.hints).used
        around = map_columns(list(envelope), self.hints).used
        return {
            used.get(name, match).header: envelope[match.header]
            for name, match in around.items()
            if name in INHERITED and match.header in envelope
        }


def _groups(window: Window, found: Iterable[Record]) -> Iterator[list[Record]]:
    group: list[Record] = []
    start = window.position
    for record in found:
        group.append(record)
        if len(group) == CHUNK_RECORDS or window.position - start > CHUNK_LETTERS:
            yield group
            group, start = [], window.position
    if group:
        yield group


def column(values: list[Any], place: str) -> tuple[pa.Array, list[BadCell]]:
    """One key's values as a column of one type, as text where types are mixed."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values), pa.string()), []
    if kinds & {dict, list}:
        _refuse_deep(values, place)
        if kinds <= {dict, list}:
            return pa.array([None if value is None else {} for value in values], NESTED), []
    if kinds == {bool}:
        return pa.array(values, pa.bool_()), []
    if kinds in ({float}, {int, float}):
        return pa.array(values, pa.float64()), []
    if kinds == {int} and all(value is None or value in INT64 for value in values):
        return pa.array(values, pa.int64()), []
    return _texts(values if kinds == {str} else [_text(value) for value in values], place)


def _texts(values: list[str | None], place: str) -> tuple[pa.StringArray, list[BadCell]]:
    refuse_above(LIMITS.cell_bytes, max(map(len, filter(None, values)), default=0), "letters in a cell", place=place)
    try:
        return pa.array(values, pa.string()), []
    except UnicodeEncodeError:
        pass  # a lone surrogate: keep the other cells
    lonely = {row for row, value in enumerate(values) if value is not None and SURROGATE.search(value)}
    bad = [bad_cell(row, "R204_TEXT", values[row]) for row in sorted(lonely)]
    return pa.array([None if row in lonely else value for row, value in enumerate(values)], pa.string()), bad


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _refuse_deep(values: list[Any], place: str) -> None:
    layer = [value for value in values if isinstance(value, dict | list)]
    for _ in range(LIMITS.json_depth):
        inner = chain.from_iterable(value.values() if isinstance(value, dict) else value for value in layer)
        layer = [value for value in inner if isinstance(value, dict | list)]
        if not layer:
            return
    refuse_above(LIMITS.json_depth, LIMITS.json_depth + 1, "levels of JSON", place=place)
