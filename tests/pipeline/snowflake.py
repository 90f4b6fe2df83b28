"""Parquet as Snowflake's `COPY INTO <location>` writes it: upper-case names, DECIMAL, snappy, dictionaries, parts."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

PART = "data_0_{}_0.snappy.parquet"
QUARTER = timedelta(minutes=15)
COLUMNS: dict[str, pa.DataType] = {
    "SITE_ID": pa.string(),
    "DEVICE_ID": pa.string(),
    "ENERGY_KWH": pa.decimal128(38, 9),
    "POWER_KW": pa.decimal128(18, 6),
    "TEMPERATURE_C": pa.float64(),
    "QUALITY": pa.string(),
    "READING_INTERVAL_SECONDS": pa.decimal128(38, 0),
    "IS_FINAL": pa.bool_(),
}


def rows(times: Sequence[datetime], name: str = "READING_TIMESTAMP", **changed: Any) -> list[dict[str, Any]]:
    """One quarter hour for each time, every energy different in its ninth decimal; `changed` replaces columns."""
    return [
        {
            name: time,
            "SITE_ID": "P1",
            "DEVICE_ID": None,
            "ENERGY_KWH": Decimal(1_000_000_000 + 7_919 * number).scaleb(-9),
            "POWER_KW": Decimal(4_000_000 + 31_676 * number // 1000).scaleb(-6),
            "TEMPERATURE_C": 21.5,
            "QUALITY": "measured",
            "READING_INTERVAL_SECONDS": Decimal(900),
            "IS_FINAL": True,
        }
        | changed
        for number, time in enumerate(times)
    ]


def part(given: Sequence[dict[str, Any]], moment: pa.DataType, name: str = "READING_TIMESTAMP", **others: Any) -> bytes:
    """One part file; `moment` is the type of the column of times, `others` are the types of columns that differ."""
    schema = pa.schema({name: moment, **COLUMNS, **others})
    table = pa.Table.from_pylist(list(given), schema=schema)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy", use_dictionary=True, version="1.0", coerce_timestamps=moment.unit)
    return sink.getvalue()


def utc(first: datetime, count: int) -> list[datetime]:
    """Quarter hours in UTC."""
    return [first.replace(tzinfo=UTC) + number * QUARTER for number in range(count)]


def local_day(day: datetime, zone: str) -> tuple[list[datetime], list[datetime]]:
    """A day's quarter hours in order: by the wall clock, as TIMESTAMP_NTZ has them, and in UTC."""
    start, end = (at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for at in (day, day + timedelta(days=1)))
    instants = utc(start, int((end - start) / QUARTER))
    return [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in instants], instants
