"""Rows that go to raw as binary COPY come back as they were."""

from datetime import UTC, date, datetime

import pyarrow as pa
from psycopg import sql

DAY = date(2026, 3, 29)


def test_postgres_reads_back_what_was_copied(organization, warehouse):
    """Two batches with different empty columns: nulls, letters of several bytes, JSON text, the edges of doubles."""
    from include.sources.files import RAW_SCHEMA
    from include.warehouse import raw
    from include.warehouse.database import connect

    first = {
        "row_number": 1,
        "external_site_id": "Anlage Süd ☀",
        "external_device_id": "INV-1",
        "interval_start": datetime(1999, 12, 31, 23, 45, 0, 1, tzinfo=UTC),
        "interval_seconds": 900,
        "energy": 5e-324,
        "energy_unit": "kWh",
        "power": -0.0,
        "other_metrics": '{"phase": [1, "ü"], "n": 12345678901234567890.10}',
    }
    second = {"row_number": 2, "external_device_id": "", "energy": 1.7976931348623157e308, "energy_unit": "kWh"}
    third = {"row_number": 3, "temperature_c": 0.1, "unparsed": '{"energy": {"code": "R201_NOT_NUMERIC"}}'}
    added = {"load_id": 7, "staged_on": DAY}
    schema = pa.schema([("load_id", pa.int64()), ("staged_on", pa.date32()), *RAW_SCHEMA])
    batches = [
        pa.RecordBatch.from_pylist([row | added for row in rows], schema=schema) for rows in ([first, second], [third])
    ]
    with connect() as connection:
        raw.ensure_partition(connection, "file_reading", DAY)
        raw.copy(connection, "file_reading", DAY, batches)
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text as {}").format(sql.Identifier(name), sql.Identifier(name))
        if name in {"other_metrics", "unparsed"}
        else sql.Identifier(name)
        for name in schema.names
    )
    with connect() as connection:
        query = sql.SQL("select {} from raw.file_reading where load_id = 7 order by row_number").format(columns)
        stored = connection.execute(query).fetchall()
        connection.execute("delete from raw.file_reading_20260329 where load_id = 7")
    empty = dict.fromkeys(schema.names)
    assert stored == [empty | row | added for row in (first, second, third)]
    assert str(stored[0]["power"]) == "-0.0"
