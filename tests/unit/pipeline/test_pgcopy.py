"""The binary form of COPY, beside a slow encoder that goes by PostgreSQL's description cell by cell."""

import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.warehouse import pgcopy

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("on", pa.date32()),
        ("name", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
        ("seconds", pa.int32()),
        ("energy", pa.float64()),
        ("is_late", pa.bool_()),
        ("unit", pa.string()),
    ]
)
CELLS = {
    "id": st.integers(-(2**63), 2**63 - 1),
    "on": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    "name": st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    "at": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    "seconds": st.integers(-(2**31), 2**31 - 1),
    "energy": st.floats(allow_nan=False),
    "is_late": st.booleans(),
    "unit": st.sampled_from(["Wh", ""]),
}


def value(cell: Any, kind: pa.DataType) -> bytes:
    """One value as PostgreSQL receives it."""
    if kind == pa.string():
        return cell.encode()
    if kind == pa.date32():
        return struct.pack(">i", (cell - date(2000, 1, 1)).days)
    if kind == pa.timestamp("us", "UTC"):
        return struct.pack(">q", (cell - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
    return struct.pack({"bool": ">?", "int32": ">i", "int64": ">q", "double": ">d"}[str(kind)], cell)


def cell_by_cell(batch: pa.RecordBatch) -> bytes:
    made = b""
    for row in batch.to_pylist():
        made += struct.pack(">h", len(row))
        for name, cell in row.items():
            body = b"" if cell is None else value(cell, batch.schema.field(name).type)
            made += struct.pack(">i", -1 if cell is None else len(body)) + body
    return made


@given(
    rows=st.lists(st.fixed_dictionaries({name: st.none() | cells for name, cells in CELLS.items()}), max_size=8),
    start=st.integers(0, 3),
)
def test_rows_are_as_an_encoder_of_single_cells_writes_them(rows, start):
    batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA).slice(start)
    assert b"".join(pgcopy.encoded(batch)) == cell_by_cell(batch)


def test_rows_stay_in_order_where_a_batch_is_encoded_in_slices(monkeypatch):
    monkeypatch.setattr(pgcopy, "SLICE_ROWS", 3)
    names = ["INV-1", "INV-22", None, "INV-1", "INV-1", "INV-1", "INV-3"]
    batch = pa.record_batch({"id": pa.array(range(7), pa.int64()), "name": names})
    assert len(list(pgcopy.encoded(batch))) == 3
    assert b"".join(pgcopy.encoded(batch)) == cell_by_cell(batch)
