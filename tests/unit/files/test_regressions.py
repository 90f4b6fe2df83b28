"""What an older system of this kind got wrong between a file and a row; here it must stay right."""

from datetime import UTC, datetime

import pytest

from tests.unit.files.conftest import codes

NOW = "2026-01-01T00:00:00Z"


def test_five_minute_data_is_not_labelled_fifteen(rows_of):
    rows = rows_of("timestamp,power,interval_minutes\n2026-01-01T00:00Z,1,5\n2026-01-01T00:05Z,1,5\n")
    assert {row["interval_seconds"] for row in rows} == {300}
    assert rows_of("timestamp,power\n2026-01-01T00:00Z,1\n2026-01-01T00:05Z,1\n")[0]["interval_seconds"] == 300


@pytest.mark.parametrize(
    "header", ["cumulative_energy", "total_energy", "total_yield", "lifetime", "e_total", "register"]
)
def test_counters_never_become_interval_energy(rows_of, header):
    row = rows_of(f"timestamp,{header}\n{NOW},124500\n")[0]
    assert (row["energy"], row["energy_total"]) == (None, 124500)


def test_daily_counter_is_neither_interval_energy_nor_register(rows_of):
    row = rows_of(f"time,e_day,pac\n{NOW},12.5,400\n")[0]
    assert (row["energy"], row["energy_total"], row["power"]) == (None, None, 400)
    assert row["other_metrics"] == {"e_day": 12.5}


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "1e309"])
def test_nothing_infinite_reaches_a_sum(rows_of, text):
    rows = rows_of(f"timestamp,energy\n{NOW},{text}\n{NOW},1\n")
    assert [row["energy"] for row in rows] == [None, 1]
    assert codes(rows) == {1: {"energy": "R202_NOT_FINITE"}}


@pytest.mark.parametrize(("unit", "kept"), [("MWh", "MWh"), ("kWh", "kWh"), ("Wh", "Wh"), ("", None)])
def test_unit_travels_with_the_number(rows_of, unit, kept):
    rows = rows_of(f"timestamp,energy,unit\n{NOW},1.5,{unit}\n")
    assert [(row["energy"], row["energy_unit"]) for row in rows] == [(1.5, kept)]


@pytest.mark.parametrize(
    "header", ["energy", "production", "generation", "kwh", "wh", "value", "energy_kwh", "enwh", "energy_wh"]
)
def test_every_published_energy_name_reaches_energy(rows_of, header):
    assert rows_of(f"timestamp,{header}\n{NOW},2\n")[0]["energy"] == 2


@pytest.mark.parametrize("header", ["power", "ac_power", "active_power", "watts", "w", "pac", "powr", "power_w"])
def test_every_published_power_name_reaches_power(rows_of, header):
    assert rows_of(f"timestamp,{header}\n{NOW},2\n")[0]["power"] == 2


@pytest.mark.parametrize("header", ["timestamp", "reading_timestamp", "datetime", "date_time", "time", "date"])
def test_every_published_time_name_reaches_the_time(rows_of, header):
    assert rows_of(f"{header},power\n{NOW},2\n")[0]["interval_start"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_ndjson_is_read_under_any_name(rows_of):
    content = f'{{"timestamp":"{NOW}","power":1}}\n{{"timestamp":"{NOW}","power":2}}\n'
    for name in ("a.json", "a.ndjson", "a.csv"):
        assert [row["power"] for row in rows_of(content, name)] == [1, 2]


@pytest.mark.parametrize("text", ["1767225600", "1767225600000"])
def test_unix_time_in_csv_is_read(rows_of, text):
    assert rows_of(f"timestamp,power\n{text},1\n")[0]["interval_start"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_more_than_five_thousand_rows_are_no_problem(rows_of):
    assert len(rows_of("timestamp,power\n" + f"{NOW},1\n" * 150_000)) == 150_000
