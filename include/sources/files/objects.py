"""JSON records to columns: keys become headers, and what surrounds a wrapped array fills in for its records."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from include.core.controls import storable
from include.core.errors import FileRejected
from include.core.json_objects import MemberRepeated, once
from include.core.records import FileHints
from include.sources.files.cells import BadCell, Chunk, among, bad_cell
from include.sources.files.columns import map_columns
from include.sources.files.formats import Format, Kind
from include.sources.files.jsontext import Record, Window, objects, records
from include.sources.files.limits import LIMITS, MEBIBYTE, refuse_above
from include.sources.files.plainlines import PlainLines, blocks, spans
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

    def chunks(self, wanted: np.ndarray | None = None) -> Iterator[Chunk]:
        """Yield the records in order, some thousand at a time; where some are wanted, others may be left out."""
        row = 0
        for chunk in self._plain_first(wanted) if self._form.kind is Kind.NDJSON else self._exact():
            yield chunk
            row = chunk.row_numbers[-1].as_py()
            refuse_above(LIMITS.rows, row, "rows")
        if row == 0 and wanted is None:
            raise FileRejected("F001_EMPTY", "no records", remedy="nothing to do if the plant was idle")

    def _exact(self) -> Iterator[Chunk]:
        envelope, row = self._envelope(), 0
        for group in _groups(*self._records({})):
            yield self._chunk(group, row, envelope)
            row += len(group)

    def _plain_first(self, wanted: np.ndarray | None = None) -> Iterator[Chunk]:
        """Blocks of lines the fast way, as long as each line is one object; from there on the exact way."""
        reader, plain = Reader(chunks(self._path, self._form)), PlainLines()
        row = letters = 0
        for block in blocks(reader, CHUNK_RECORDS, CHUNK_LETTERS):
            found = spans(block) if wanted is not None and len(block) <= CHUNK_LETTERS else ()
            if len(found):
                chunk = self._some(block, found, row, among(wanted, row + 1, len(found)))
            else:
                chunk = self._block(block, row, plain)
            if chunk is None:
                reader.unread(block)
                yield from self._rest(reader, row, letters)
                return
            if len(chunk.row_numbers):
                yield chunk
            row += len(found) or len(chunk.row_numbers)
            letters += len(block) if block.isascii() else len(block.decode())

    def _some(self, block: bytes, found: np.ndarray, row: int, numbers: np.ndarray) -> Chunk:
        """The records of these numbers, by their spans in the block; `row` is the number before its first record."""
        places = found[numbers - row - 1].tolist()
        group = [json.loads(block[begin:end], object_pairs_hook=once) for begin, end in places]
        return replace(self._chunk(group, row, {}), row_numbers=pa.array(numbers))

    def _block(self, block: bytes, row: int, plain: PlainLines) -> Chunk | None:
        """The records of a block; None where a line is no object, or the first of the file may wrap others."""
        if len(block) > CHUNK_LETTERS:
            return None
        if columns := plain.columns(block):
            rows = len(next(iter(columns.values())))
            named = {storable(key): cells for key, cells in columns.items()}
            return Chunk(pa.arange(row + 1, row + rows + 1), named)
        group = _object_a_line(block)
        if group is None or (row == 0 and group and any(isinstance(value, list) for value in group[0].values())):
            return None
        for record in group:
            plain.learn(record)
        return self._chunk(group, row, {})

    def _rest(self, reader: Reader, row: int, letters: int) -> Iterator[Chunk]:
        window = Window(reader, json.JSONDecoder(object_pairs_hook=once), letters)
        for group in _groups(window, objects(window) if row else records(window, {})):
            yield self._chunk(group, row, {})
            row += len(group)

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


def _object_a_line(block: bytes) -> list[Record] | None:
    """Each line decoded by itself; None where one is more, less, or something else than an object."""
    try:
        group = [json.loads(line, object_pairs_hook=once) for line in block.decode().split("\n") if line.strip(" \t\r")]
    except (ValueError, RecursionError, MemberRepeated):
        return None
    is_long = max(map(len, block.split(b"\n"))) > LIMITS.record_bytes
    return group if not is_long and all(isinstance(record, dict) for record in group) else None


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
