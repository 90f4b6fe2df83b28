"""NDJSON as most of it is, one flat object a line: read by Arrow, some thousand lines at a time.

Arrow is trusted only with what it cannot understand otherwise than the exact reader (`jsontext`, `objects.column`)
does. Whatever else a block holds, or may hold, makes it not plain, and the exact reader takes it: nested values, mixed
types, repeated members, lone surrogates, numbers that a double cannot hold exactly or where a zero has a sign.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from include.core.json_objects import once
from include.sources.files.limits import LIMITS, MEBIBYTE
from include.sources.files.streams import Reader

EXACT_IN_A_DOUBLE = float(2**53)


def blocks(reader: Reader, lines: int, most_bytes: int) -> Iterator[bytes]:
    """Whole lines, so many at a time; what is left in the reader when the caller stops is what follows them.

    A block above `most_bytes`, as where lines never end, is the last one.
    """
    while True:
        pieces, size, missing = [], 0, lines
        while missing > 0 and size <= most_bytes and (piece := reader.read(MEBIBYTE)):
            ends = _places(piece, "\n")
            if len(ends) >= missing:
                end = int(ends[missing - 1]) + 1
                reader.unread(piece[end:])
                piece = piece[:end]
            pieces.append(piece)
            size += len(piece)
            missing -= len(ends)
        if not pieces:
            return
        yield b"".join(pieces)


def spans(block: bytes) -> np.ndarray:
    """Begin and end of every object in a block, if none holds another or an array; no spans where one might.

    Only for blocks that follow whole objects in a file that was read before: as its JSON is sound, no text goes on in
    the next line, and a brace that ends a line is none within a text.
    """
    begins, ends = _places(block, "{"), _places(block, "}") + 1
    is_in_turn = len(begins) == len(ends) and np.all(begins < ends) and np.all(ends[:-1] <= begins[1:])
    follows = np.frombuffer(block + b"\n", "u1")[ends]
    is_flat = is_in_turn and np.all((follows == ord("\n")) | (follows == ord("\r"))) and b"[" not in block
    return np.column_stack((begins, ends)) if is_flat else np.empty((0, 2), "int64")


def _places(block: bytes, letter: str) -> np.ndarray:
    return np.flatnonzero(np.frombuffer(block, "u1") == ord(letter))


class PlainLines:
    """Reads the blocks of one file; remembers which members are texts."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def columns(self, block: bytes) -> dict[str, pa.Array] | None:
        """The members of a block's objects, by key in the order of the first object; None where it is not plain."""
        try:
            first = json.loads(block[: block.find(b"\n") + 1 or None], object_pairs_hook=once)
            if not isinstance(first, dict) or len(first) > LIMITS.columns:
                return None
            self.learn(first)
            if not block.isascii():
                block.decode()
            table = self._table(block, first)
        except (ValueError, RecursionError, pa.ArrowException):
            return None
        if sorted(table.column_names) != sorted(first):
            return None
        columns = {key: self._plain(key, pa.concat_arrays(table.column(key).chunks)) for key in first}
        return None if any(column is None for column in columns.values()) else columns

    def learn(self, record: dict[str, Any]) -> None:
        """Remember which members of a record are texts; Arrow would take some for time stamps."""
        self._texts |= {key for key, value in record.items() if isinstance(value, str)}

    def _table(self, block: bytes, first: dict[str, Any]) -> pa.Table:
        texts = pa.schema([(key, pa.string()) for key in first if key in self._texts])
        return arrow_json.read_json(
            pa.BufferReader(block),
            arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            arrow_json.ParseOptions(explicit_schema=texts),
        )

    def _plain(self, key: str, cells: pa.Array) -> pa.Array | None:
        """The column, in the type that the exact reader gives it; None where the two might differ."""
        kind = cells.type
        if pa.types.is_null(kind) or cells.null_count == len(cells):
            return pa.nulls(len(cells), pa.string())
        if pa.types.is_string(kind) and key in self._texts:
            return cells if pc.max(pc.binary_length(cells)).as_py() <= LIMITS.cell_bytes else None
        if pa.types.is_floating(kind):
            return cells if _is_unmistakable(cells.drop_null().to_numpy()) else None
        return cells if pa.types.is_boolean(kind) or kind == pa.int64() else None


def _is_unmistakable(values: np.ndarray) -> bool:
    """Whether no value may have been a whole number that a double cannot hold, or the whole number -0."""
    has_negative_zero = bool(np.any((values == 0) & np.signbit(values)))
    return not has_negative_zero and bool(np.all(np.abs(values) < EXACT_IN_A_DOUBLE))
