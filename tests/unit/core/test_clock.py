"""Wall clocks to UTC: gaps, repeated hours, epochs, odd zones."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core import clock
from include.core.errors import ConfigurationError

BERLIN = "Europe/Berlin"
QUARTER = timedelta(minutes=15)


def shown_by(zone_name, start, end):
    """What a logger without offsets writes every quarter hour between two UTC instants."""
    at = start
    while at < end:
        yield at.astimezone(clock.zone(zone_name)).replace(tzinfo=None, fold=0)
        at += QUARTER


def test_autumn_hour_is_kept_twice():
    start, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    found = clock.utc_in_order(shown_by(BERLIN, start, end), BERLIN)
    assert len(found) == 100
    assert [instant.at for instant in found] == [start + QUARTER * i for i in range(100)]
    assert not any(instant.flag for instant in found)


def test_spring_day_has_92_quarter_hours():
    start, end = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)
    found = clock.utc_in_order(shown_by(BERLIN, start, end), BERLIN)
    assert len(found) == 92
    assert {later.at - earlier.at for earlier, later in pairwise(found)} == {QUARTER}


def test_time_in_the_spring_gap_is_no_instant():
    assert clock.utc_in_order([datetime(2026, 3, 29, 2, 30)], BERLIN) == [clock.Instant(None, clock.NONEXISTENT)]


def test_lonely_copy_of_the_autumn_hour_is_flagged():
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock.utc_in_order([datetime(2026, 10, 25, 2, 30)], BERLIN) == [clock.Instant(at, clock.AMBIGUOUS)]


def test_hourly_data_repeats_one_time():
    found = clock.utc_in_order([datetime(2026, 10, 25, 2)] * 2, BERLIN)
    assert [instant.at.hour for instant in found] == [0, 1]


@pytest.mark.parametrize("name", ["US/Eastern", "US/Mountain", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_legacy_and_odd_zones_round_trip(name):
    local = datetime(2026, 7, 1, 12)
    assert clock.utc_in_order([local], name)[0].at.astimezone(clock.zone(name)).replace(tzinfo=None) == local


def test_unknown_zone_is_a_configuration_error():
    for name in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(ConfigurationError):
            clock.zone(name)


@given(
    st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)), max_size=30),
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
)
def test_column_and_sequence_agree(times, name):
    column = clock.WallClock().column(pa.array(times, pa.timestamp("us")), name, lambda row: None)
    assert column.utc.to_pylist() == [instant.at for instant in clock.utc_in_order(times, name)]


def test_repeated_hours_are_remembered_across_columns_and_per_series():
    times = pa.array([datetime(2026, 10, 25, 2, 30)] * 2, pa.timestamp("us"))
    wall = clock.WallClock()
    first = wall.column(times, BERLIN, lambda row: row)
    second = wall.column(times, BERLIN, lambda row: row)
    assert [at.hour for at in first.utc.to_pylist() + second.utc.to_pylist()] == [0, 0, 1, 1]
    assert all(wall.is_repeated(copy) for copy in first.copies.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04 +05:45", datetime(2026, 1, 1, 21, 19, tzinfo=UTC)),
        ("2026-01-02T03:04:05.1234567-0700", datetime(2026, 1, 2, 10, 4, 5, 123456, tzinfo=UTC)),
        ("2026/01/02 03:04", datetime(2026, 1, 2, 3, 4)),
        ("2026-01-02", datetime(2026, 1, 2)),
        (" 1767225600 ", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600123", datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)),
        ("2026-01-02 12:30 AM", datetime(2026, 1, 2, 0, 30)),
        ("2026-01-02 9:05 pm", datetime(2026, 1, 2, 21, 5)),
        ("2026-01-02T03:04:05,000", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02 24:00", datetime(2026, 1, 3)),
        ("2026-12-31T24:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("02.01.2026 03:04", datetime(2026, 1, 2, 3, 4)),
        ("2.1.26 3:04", datetime(2026, 1, 2, 3, 4)),
        ("2.1.2026, 03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
    ],
)
def test_texts_that_name_a_time(text, expected):
    assert clock.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("", None, "R101_TS_MISSING"),
        ("yesterday", None, "R102_TS_FORMAT"),
        ("2026-02-30", None, "R102_TS_FORMAT"),
        ("2026-01-01 25:00", None, "R102_TS_FORMAT"),
        ("946684800", None, "R102_TS_FORMAT"),
        ("4102444800", None, "R102_TS_FORMAT"),
        ("01/02/2026 00:00", None, "R105_TS_AMBIGUOUS"),
        ("25/12/2026", None, "R105_TS_AMBIGUOUS"),
        ("25-12-26", None, "R105_TS_AMBIGUOUS"),
        ("12.25.2026", None, "R102_TS_FORMAT"),
        ("2026-01-01 24:01", None, "R102_TS_FORMAT"),
        ("2026-01-01 13:00 PM", None, "R102_TS_FORMAT"),
        ("10:15", None, "R102_TS_FORMAT"),
        ("46174.4271", None, "R102_TS_FORMAT"),
        ("25/12/2026", "MDY", "R102_TS_FORMAT"),
        ("01/02/2026", "YMD", "R102_TS_FORMAT"),
    ],
)
def test_texts_that_name_no_time(text, order, code):
    with pytest.raises(clock.TimestampRefused) as refused:
        clock.parse(text, order)
    assert refused.value.code == code


@pytest.mark.parametrize(("order", "month"), [("DMY", 2), ("MDY", 1)])
def test_declared_date_order_is_obeyed(order, month):
    assert clock.parse("1/2/2026 0:15", order).month == month
    assert clock.parse("1.2.26 0:15", order).month == month


def test_short_years_may_come_first():
    assert clock.parse("26-01-02 03:04", "YMD") == datetime(2026, 1, 2, 3, 4)


def test_serial_numbers_of_spreadsheets_are_refused_with_a_remedy():
    with pytest.raises(clock.TimestampRefused) as refused:
        clock.parse("46174.4271")
    assert "spreadsheet" in refused.value.remedy


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(clock.parse(text, "DMY"), datetime)
    except clock.TimestampRefused as refused:
        assert refused.code.startswith("R10")


@pytest.mark.parametrize("server_zone", ["Asia/Tokyo", "UTC"])
def test_server_zone_plays_no_part(server_zone):
    script = (
        "from datetime import datetime; from include.core import clock;"
        "print(clock.utc_in_order([datetime(2026, 7, 1, 12)], 'Europe/Berlin')[0].at.isoformat(),"
        " clock.parse('1767225600').isoformat())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"TZ": server_zone}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2026-07-01T10:00:00+00:00", "2026-01-01T00:00:00+00:00"]
