"""Time stamps of files: zones, repeated and skipped hours, labels, interval lengths (D2, D3, D4)."""

import io
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.clock import zone
from tests.unit.files.conftest import codes

BERLIN = "Europe/Berlin"
QUARTER = timedelta(minutes=15)
AUTUMN_DAY = datetime(2026, 10, 24, 22, tzinfo=UTC)
SPRING_DAY = datetime(2026, 3, 28, 23, tzinfo=UTC)


def wall_clock(start, count, zone_name=BERLIN):
    return [f"{(start + QUARTER * i).astimezone(zone(zone_name)):%Y-%m-%d %H:%M}" for i in range(count)]


def series(times, device="INV1"):
    return "".join(f"{at},{device},1\n" for at in times)


def test_autumn_day_has_100_quarter_hours_and_keeps_its_energy(rows_of):
    rows = rows_of("timestamp,device,energy\n" + series(wall_clock(AUTUMN_DAY, 100)), time_zone=BERLIN)
    assert [row["interval_start"] for row in rows] == [AUTUMN_DAY + QUARTER * i for i in range(100)]
    assert sum(row["energy"] for row in rows) == 100
    assert not any(row["quality"] or row["other_metrics"] for row in rows)


def test_devices_do_not_share_their_repeated_hour(rows_of):
    day = wall_clock(AUTUMN_DAY, 100)
    mixed = "".join(series([at], "A") + series([at], "B") for at in day)
    rows = rows_of("timestamp,device,energy\n" + mixed + series(day, "C"), time_zone=BERLIN)
    assert len({(row["external_device_id"], row["interval_start"]) for row in rows}) == 300


def test_repeated_hour_is_settled_across_batches(rows_of):
    hour = wall_clock(datetime(2026, 10, 25, 0, tzinfo=UTC), 4)
    filler = [f"{datetime(2026, 6, 1) + timedelta(minutes=i)}" for i in range(70_000)]
    rows = rows_of("timestamp,device,energy\n" + series(hour) + series(filler, "B") + series(hour), time_zone=BERLIN)
    assert [row["interval_start"].hour for row in rows[:4] + rows[-4:]] == [0] * 4 + [1] * 4
    assert not any(row["quality"] for row in rows[-4:])


def test_lonely_copy_is_estimated_and_marked(rows_of):
    lines = ["2026-10-25 02:30,1,measured,x", "2026-10-25 02:45,1,missing,", "2026-10-25 12:00,1,,"]
    content = "\n".join(["timestamp,power,quality,note", *lines, ""])
    rows = rows_of(content, time_zone=BERLIN)
    assert [row["interval_start"].hour for row in rows] == [0, 0, 11]
    assert [row["quality"] for row in rows] == ["estimated", "missing", None]
    assert [row["other_metrics"] for row in rows] == [
        {"note": "x", "dst_ambiguous": True},
        {"dst_ambiguous": True},
        None,
    ]


def test_spring_day_has_92_quarter_hours(rows_of):
    rows = rows_of("timestamp,device,energy\n" + series(wall_clock(SPRING_DAY, 92)), time_zone=BERLIN)
    assert {later["interval_start"] - earlier["interval_start"] for earlier, later in pairwise(rows)} == {QUARTER}


def test_reading_inside_the_spring_gap_is_refused(rows_of):
    rows = rows_of("timestamp,power\n2026-03-29 01:45,1\n2026-03-29 02:30,1\n2026-03-29 03:00,1\n", time_zone=BERLIN)
    assert codes(rows) == {2: {"timestamp": "R106_TS_NONEXISTENT"}}
    assert rows[1]["interval_start"] is None
    assert rows[2]["interval_start"] - rows[0]["interval_start"] == QUARTER


@pytest.mark.parametrize("server_zone", ["Asia/Tokyo", "UTC"])
def test_server_zone_plays_no_part(rows_of, server_zone):
    path = rows_of.path("timestamp,power\n2026-07-01 12:00,1\n2026-07-01T12:00:00Z,1\n1767225600,1\n")
    script = (
        "import sys; from pathlib import Path; from include.sources.files import read;"
        "from include.core.records import FileHints;"
        "rows = [b.to_pylist() for b in read(Path(sys.argv[1]), 'a.csv', FileHints(time_zone='Europe/Berlin'))][0];"
        "print(*[row['interval_start'].isoformat() for row in rows])"
    )
    environment = os.environ | {"TZ": server_zone}
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        "2026-07-01T10:00:00+00:00",
        "2026-07-01T12:00:00+00:00",
        "2026-01-01T00:00:00+00:00",
    ]


def test_without_a_zone_naive_times_are_refused(rows_of):
    rows = rows_of("timestamp,power\n2026-07-01 12:00,1\n2026-07-01 12:00+02:00,1\n")
    assert codes(rows) == {1: {"timestamp": "R108_TS_NO_ZONE"}}
    assert "zone" in rows[0]["unparsed"]["timestamp"]["remedy"]


def test_zone_of_the_site_goes_before_the_zone_of_the_source(rows_of):
    content = "timestamp,site,power\n" + "".join(f"2026-07-01 12:00,{site},1\n" for site in ("A", "B", "C", ""))
    zones = {"A": "US/Eastern", "B": "Asia/Kathmandu"}
    rows = rows_of(content, site_time_zones=zones, time_zone=BERLIN)
    assert [f"{row['interval_start']:%H:%M}" for row in rows] == ["16:00", "06:15", "10:00", "10:00"]
    assert codes(rows_of(content, site_time_zones=zones)) == {
        3: {"timestamp": "R108_TS_NO_ZONE"},
        4: {"timestamp": "R108_TS_NO_ZONE"},
    }


def test_header_that_says_utc_needs_no_zone(rows_of):
    assert rows_of("timestamp_utc,power\n2026-07-01 12:00,1\n", time_zone=BERLIN)[0]["interval_start"].hour == 12


def test_mixed_styles_in_one_column(rows_of):
    texts = [
        "2026-01-01T00:00:00Z",
        "2026-01-01 01:00:00 +01:00",
        "2026-01-01 00:00:00 UTC",
        "2026-01-01T00:00:00.000000000Z",
        "2026-01-01 01:00",
        "2026/01/01 1:00",
        "2026-01-01 01:00 AM",
        "1767225600",
        "1767225600000",
        "1767225600.0",
        "  2026-01-01T00:00:00Z ",
    ]
    rows = rows_of("timestamp,power\n" + "".join(f"{text},1\n" for text in texts), time_zone=BERLIN)
    assert {row["interval_start"] for row in rows} == {datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("order", "expected"),
    [("DMY", ["2026-02-01", None]), ("MDY", ["2026-01-02", "2026-12-25"]), (None, [None, None])],
)
@pytest.mark.parametrize("separator", "/-")
def test_slash_dates_need_a_declared_order(rows_of, order, expected, separator):
    dates = ["01/02/2026 00:00", "12/25/2026 00:00"]
    content = "timestamp,power\n" + "".join(f"{text.replace('/', separator)},1\n" for text in dates)
    rows = rows_of(content, date_order=order, time_zone="UTC")
    assert [row["interval_start"] and f"{row['interval_start']:%Y-%m-%d}" for row in rows] == expected
    if order is None:
        assert codes(rows) == {1: {"timestamp": "R105_TS_AMBIGUOUS"}, 2: {"timestamp": "R105_TS_AMBIGUOUS"}}


def test_spellings_of_other_countries_and_spreadsheets(rows_of):
    texts = [
        "01.06.2026 00:00",
        "1.6.2026 0:00",
        "1.6.2026, 00:00:00",
        "01.06.26 00:00",
        "31.05.2026 24:00",
        "2026-06-01T00:00:00,000",
        "2026-06-01 12:00 AM",
        "2026-05-31 24:00:00",
    ]
    rows = rows_of("timestamp;power\n" + "".join(f"{text};1\n" for text in texts), time_zone="UTC")
    assert {row["interval_start"] for row in rows} == {datetime(2026, 6, 1, tzinfo=UTC)}
    assert not codes(rows)


def test_twelve_hour_clocks(rows_of):
    texts = {
        "12:00 AM": 0,
        "1:30 am": 1,
        "11:59:59 AM": 11,
        "12:15 PM": 12,
        "01:00 p.m.": 13,
        "11:00PM": 23,
        "14:00": 14,
    }
    lines = [f"6/1/2026 {text},{hour}" for text, hour in texts.items()]
    bad = ["6/1/2026 13:00 PM,0", "6/1/2026 0:30 AM,0", "6/1/2026 PM,0", "6/31/2026 1:00 PM,0"]
    rows = rows_of("\n".join(["timestamp,power", *lines, *bad, ""]), date_order="MDY", time_zone="UTC")
    assert [row["interval_start"] and row["interval_start"].hour for row in rows] == [*texts.values(), *[None] * 4]
    assert list(codes(rows)) == [8, 9, 10, 11]


def test_end_of_day_follows_the_wall_clock(rows_of):
    rows = rows_of("timestamp,power\n2026-03-28 24:00,1\n2026-03-29 24:00,1\n", time_zone=BERLIN)
    assert [f"{row['interval_start']:%d %H}" for row in rows] == ["28 23", "29 22"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "ts,power\n46174.4271,1\n"), ("a.json", '[{"ts":46174.4271,"power":1}]')]
)
def test_day_counts_of_spreadsheets_are_refused_with_a_remedy(rows_of, name, content):
    rows = rows_of(content, name)
    assert codes(rows) == {1: {"ts": "R102_TS_FORMAT"}}
    assert "spreadsheet" in rows[0]["unparsed"]["ts"]["remedy"]


def test_each_bad_time_has_its_own_code(rows_of):
    texts = ["", "soon", "2026-02-30 00:00", "31/12/2026", "1e9", "true", "0001-01-01", "9999-12-31T23:59:59Z"]
    rows = rows_of("timestamp,power\n" + "".join(f"{text},1\n" for text in texts), time_zone=BERLIN)
    found = [problem["timestamp"] for problem in codes(rows).values()]
    assert (
        found == ["R101_TS_MISSING", "R102_TS_FORMAT", "R102_TS_FORMAT", "R105_TS_AMBIGUOUS"] + ["R102_TS_FORMAT"] * 4
    )


def parquet_rows(rows_of, times, **hints):
    sink = io.BytesIO()
    pq.write_table(pa.table({"timestamp": times, "power": [1] * len(times)}), sink)
    return [row["interval_start"] for row in rows_of(sink.getvalue(), "a.parquet", **hints)]


def test_parquet_times_of_every_type(rows_of):
    noon = datetime(2026, 7, 1, 12)
    expected = [datetime(2026, 7, 1, 10, tzinfo=UTC)]
    assert parquet_rows(rows_of, pa.array([noon]), time_zone=BERLIN) == expected
    assert parquet_rows(rows_of, pa.array([noon], pa.timestamp("ns", BERLIN))) == [datetime(2026, 7, 1, 12, tzinfo=UTC)]
    assert parquet_rows(rows_of, pa.array([1_782_900_000_000])) == expected
    assert parquet_rows(rows_of, pa.array([1_782_900_000.0])) == expected
    assert parquet_rows(rows_of, pa.array(["2026-07-01 12:00"]), time_zone=BERLIN) == expected
    assert parquet_rows(rows_of, pa.array([date(2026, 7, 1)]), time_zone="UTC") == [datetime(2026, 7, 1, tzinfo=UTC)]
    assert parquet_rows(rows_of, pa.array([True])) == [None]


@pytest.mark.parametrize(
    ("content", "hints"),
    [
        ("end_at,power,interval_minutes\n2026-01-01T00:15Z,1,15\n", {}),
        ("period_end,power\n2026-01-01T00:15Z,1\n2026-01-01T00:30Z,1\n", {}),
        ("interval_end,power\n2026-01-01T00:15Z,1\n", {"interval_seconds": 900}),
        ("timestamp,power\n2026-01-01T00:15Z,1\n", {"interval_seconds": 900, "timestamp_label": "end"}),
    ],
)
def test_end_labels_move_back_by_one_interval(rows_of, content, hints):
    assert rows_of(content, **hints)[0]["interval_start"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_end_label_of_unknown_interval_is_refused(rows_of):
    rows = rows_of("end_at,power\n2026-01-01T00:15Z,1\n")
    assert codes(rows) == {1: {"end_at": "R504_INTERVAL_VALUE"}}
    assert rows[0]["interval_start"] is None


def test_interval_is_inferred_per_series(rows_of):
    five = [f"2026-01-01T00:{minute:02}Z" for minute in range(0, 60, 5)]
    content = "timestamp,device,power\n" + series(five, "A") + series(five[::3], "B") + series(five[:1], "C")
    found = {row["external_device_id"]: row["interval_seconds"] for row in rows_of(content)}
    assert found == {"A": 300, "B": 900, "C": None}


@pytest.mark.parametrize(
    ("header", "text", "seconds", "code"),
    [
        ("interval_seconds", "900", 900, None),
        ("interval_seconds", "900.0", 900, None),
        ("interval_minutes", "5", 300, None),
        ("interval", "3600", 3600, None),
        ("interval", "15", None, "R504_INTERVAL_VALUE"),
        ("interval_seconds", "15min", None, "R504_INTERVAL_VALUE"),
        ("interval_seconds", "900.5", None, "R504_INTERVAL_VALUE"),
        ("interval_seconds", "1e300", None, "R504_INTERVAL_VALUE"),
        ("interval_seconds", "7", 7, None),
    ],
)
def test_delivered_interval(rows_of, header, text, seconds, code):
    rows = rows_of(f"timestamp,power,{header}\n2026-01-01T00:00Z,1,{text}\n2026-01-01T00:15Z,1,900\n")
    assert rows[0]["interval_seconds"] == seconds
    assert codes(rows).get(1, {}).get(header) == code


def test_spacing_that_does_not_divide_a_day_is_not_believed(rows_of):
    rows = rows_of("timestamp,power\n2026-01-01T00:00Z,1\n2026-01-01T00:07Z,1\n2026-01-01T00:14Z,1\n")
    assert {row["interval_seconds"] for row in rows} == {None}
