"""Dates and times of day in two columns: joined when both are what they seem, never when one is not."""

import io
import json
from datetime import UTC, date, datetime, time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.files.conftest import codes

EXPECTED = [datetime(2026, 6, 1, hour, minute, tzinfo=UTC) for hour, minute in ((8, 0), (9, 5))]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Date;Time;kWh", ["2026-06-01;08:00;1", "2026-06-01;9:05;2"]),
        ("Datum;Uhrzeit;kWh", ["01.06.2026;08:00;1", "1.6.26;09:05:00;2"]),
        ("Fecha;Hora;kWh", ["2026/06/01;08:00;1", "2026/06/01;09:05;2"]),
        ("Time;Date;kWh", ["8:00 AM;2026-06-01;1", "9:05 AM;2026-06-01;2"]),
        ("Datum;Zeit;kWh", ["01.06.2026 00:00:00;08:00;1", "01.06.2026 00:00:00;09:05;2"]),
        ("timestamp;clock;kWh", ["2026-06-01;08:00Z;1", "2026-06-01;09:05Z;2"]),
    ],
)
def test_date_and_time_of_day_are_one_time_stamp(rows_of, header, rows):
    read = rows_of("\n".join([header, *rows, ""]), time_zone="UTC")
    assert [row["interval_start"] for row in read] == EXPECTED
    assert not any(row["other_metrics"] for row in read)
    assert not codes(read)


def test_hours_of_a_day_are_times_too(rows_of):
    rows = rows_of("day,hour,power\n2026-06-01,0,1\n2026-06-01,23,2\n2026-06-01,24,3\n", time_zone="UTC")
    assert [f"{row['interval_start']:%d %H}" for row in rows] == ["01 00", "01 23", "02 00"]


def test_slash_dates_stay_ambiguous(rows_of):
    content = "Date,Time,power\n03/04/2026,10:15,1\n"
    rows = rows_of(content, time_zone="UTC")
    assert codes(rows) == {1: {"Date": "R105_TS_AMBIGUOUS"}}
    assert rows[0]["unparsed"]["Date"]["text"] == "03/04/2026 10:15"
    assert rows_of(content, time_zone="UTC", date_order="MDY")[0]["interval_start"] == datetime(
        2026, 3, 4, 10, 15, tzinfo=UTC
    )


def test_a_missing_half_is_no_midnight(rows_of):
    rows = rows_of("Datum;Uhrzeit;power\n01.06.2026;08:00;1\n01.06.2026;;2\n;08:00;3\n", time_zone="UTC")
    assert codes(rows) == {2: {"Datum": "R101_TS_MISSING"}, 3: {"Datum": "R101_TS_MISSING"}}


def test_unreadable_times_of_day_are_refused(rows_of):
    rows = rows_of("Datum;Uhrzeit;power\n01.06.2026;morning;1\n01.06.2026;0815;2\n", time_zone="UTC")
    assert codes(rows) == {1: {"Datum": "R102_TS_FORMAT"}, 2: {"Datum": "R102_TS_FORMAT"}}


@pytest.mark.parametrize(
    ("content", "other"),
    [
        ("timestamp,hour,power\n2026-06-01 00:00,0,1\n2026-06-01 08:00,8,1\n", {"hour": 8}),
        ("date,time,power\n2026-06-01 00:00,00:00,1\n2026-06-01 08:00,08:00,1\n", {"time": "08:00"}),
        ("date,time,power\n2026-06-01,2026-06-01 00:00,1\n2026-06-01,2026-06-01 08:00,1\n", {"date": "2026-06-01"}),
        ("time,power,note\n2026-06-01 00:00,1,\n2026-06-01 08:00,1,x\n", {"note": "x"}),
    ],
)
def test_whole_time_stamps_stand_alone(rows_of, content, other):
    rows = rows_of(content, time_zone="UTC")
    assert [row["interval_start"].hour for row in rows] == [0, 8]
    assert rows[1]["other_metrics"] == other
    assert not codes(rows)


def test_column_map_may_name_both_halves(rows_of):
    columns = {"Tag": "timestamp", "Viertelstunde": "time_of_day"}
    rows = rows_of("Tag,Viertelstunde,power\n2026-06-01,08:00,1\n", columns=columns, time_zone="UTC")
    assert rows[0]["interval_start"] == EXPECTED[0]


def test_repeated_hour_is_told_apart_by_order(rows_of):
    lines = "".join(f"25.10.2026;{at};1\n" for at in ("02:00", "02:30", "02:00", "02:30"))
    rows = rows_of("Datum;Uhrzeit;power\n" + lines, time_zone="Europe/Berlin")
    assert [f"{row['interval_start']:%H:%M}" for row in rows] == ["00:00", "00:30", "01:00", "01:30"]


def test_halves_in_json_and_parquet(rows_of):
    records = [{"date": "2026-06-01", "time": "08:00", "power": 1}] * 20_000 + [{"date": "2026-06-01", "power": 1}]
    rows = rows_of(json.dumps(records), "a.json", time_zone="UTC")
    assert {row["interval_start"] for row in rows[:-1]} == {EXPECTED[0]}
    assert codes(rows) == {20_001: {"date": "R101_TS_MISSING"}}
    sink = io.BytesIO()
    pq.write_table(pa.table({"date": [date(2026, 6, 1)], "time": [time(8)], "power": [1.0]}), sink)
    assert rows_of(sink.getvalue(), "a.parquet", time_zone="UTC")[0]["interval_start"] == EXPECTED[0]


def test_utc_in_either_header_is_the_zone(rows_of):
    rows = rows_of("Date,Time (UTC),power\n2026-06-01,08:00,1\n", time_zone="Europe/Berlin")
    assert rows[0]["interval_start"] == EXPECTED[0]
