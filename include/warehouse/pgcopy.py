"""Arrow rows as the binary form of PostgreSQL's COPY, column by column, without a Python object per cell.

A row is the number of its fields (2 bytes), then for each field its length in bytes (4, or -1 for null) and its value,
all big-endian. What is as wide in every row of a batch, which is all numbers without nulls and all lengths, lies side
by side in one NumPy array; between such arrays stand the texts, and Arrow joins them row by row.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
SLICE_ROWS = 8_192  # a megabyte or so: it stays in the processor's cache, and no block is a large one (`heap`)

COUNT, LENGTH = ">i2", ">i4"
EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from the year 2000
EPOCH_DAYS = 10_957
UTC_US = pa.timestamp("us", tz="UTC")
# Arrow type -> the integer or float that Arrow keeps, PostgreSQL's form of it, and what lies between their epochs
FORMS: dict[pa.DataType, tuple[pa.DataType, str, int]] = {
    pa.bool_(): (pa.uint8(), "u1", 0),
    pa.int32(): (pa.int32(), ">i4", 0),
    pa.int64(): (pa.int64(), ">i8", 0),
    pa.float64(): (pa.float64(), ">f8", 0),
    pa.date32(): (pa.int32(), ">i4", EPOCH_DAYS),
    UTC_US: (pa.int64(), ">i8", EPOCH_US),
}


def encoded(batch: pa.RecordBatch) -> Iterator[memoryview]:
    """The rows of a batch without header and trailer; texts also serve columns of json."""
    for start in range(0, batch.num_rows, SLICE_ROWS):
        yield _slice(batch.slice(start, SLICE_ROWS))


def _slice(batch: pa.RecordBatch) -> memoryview:
    rows = batch.num_rows
    pieces: list[pa.BinaryArray] = []
    fixed: list[tuple[str, np.ndarray | int]] = [(COUNT, batch.num_columns)]
    for column in batch.columns:
        if column.null_count == rows:
            fixed.append((LENGTH, -1))
        elif column.type == pa.string() and (text := _repeated(column)):
            fixed += [(LENGTH, len(text)), (f"V{len(text)}", np.void(text))]
        elif column.type == pa.string():
            lengths = pc.fill_null(pc.binary_length(column), -1)
            pieces += [_side_by_side([*fixed, (LENGTH, lengths.to_numpy())], rows), _bytes(column)]
            fixed = []
        elif column.null_count:
            is_known, value = column.is_valid(), _number(column)
            lengths = pc.if_else(is_known, np.dtype(value[0]).itemsize, -1)
            pieces += [_side_by_side([*fixed, (LENGTH, lengths.to_numpy())], rows)]
            pieces += [pc.if_else(is_known, _side_by_side([value], rows), b"")]
            fixed = []
        else:
            value = _number(column)
            fixed += [(LENGTH, np.dtype(value[0]).itemsize), value]
    if fixed:
        pieces.append(_side_by_side(fixed, rows))
    return _content(pc.binary_join_element_wise(*pieces, b""))


def _number(column: pa.Array) -> tuple[str, np.ndarray]:
    kept, form, epoch = FORMS[column.type]
    values = column.cast(kept).fill_null(0).to_numpy()
    return form, values - epoch if epoch else values


def _repeated(column: pa.StringArray) -> bytes | None:
    """The text that stands in every row, as units do; nothing where rows differ."""
    is_same = not column.null_count and pc.all(pc.equal(column, column[0])).as_py()
    return column[0].as_py().encode() if is_same else None


def _bytes(column: pa.StringArray) -> pa.BinaryArray:
    return pc.fill_null(column.cast(pa.binary()), b"")


def _side_by_side(fields: list[tuple[str, np.ndarray | int]], rows: int) -> pa.BinaryArray:
    """One value a row that holds these fields one after another; nothing is copied again."""
    made = np.empty(rows, np.dtype([(str(place), form) for place, (form, _) in enumerate(fields)]))
    for place, (_, values) in enumerate(fields):
        made[str(place)] = values
    offsets = np.arange(rows + 1, dtype="int32") * made.itemsize
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets.astype("int32")), pa.py_buffer(made)])


def _content(rows: pa.BinaryArray) -> memoryview:
    """The values of an array, which lie one after another in its buffer."""
    _, offsets, data = rows.buffers()
    ends = np.frombuffer(offsets, "int32")
    return memoryview(data)[ends[rows.offset] : ends[rows.offset + len(rows)]]
