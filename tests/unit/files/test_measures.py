"""Numbers of files: what is not finite, two decimal marks, sentinels (D9)."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.core.errors import ConfigurationError
from tests.unit.files.conftest import codes

NOW = "2026-01-01T00:00:00Z"


def column(rows_of, texts, separator=",", **hints):
    lines = [f"timestamp{separator}energy"] + [f'{NOW}{separator}"{text}"' for text in texts]
    return rows_of("\n".join(lines) + "\n", **hints)


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ("NaN", None, "R202_NOT_FINITE"),
        ("Infinity", None, "R202_NOT_FINITE"),
        ("-inf", None, "R202_NOT_FINITE"),
        ("1e309", None, "R202_NOT_FINITE"),
        ("-0", 0.0, None),
        ("", None, None),
        ("null", None, None),
        ("N/A", None, None),
        ("-", None, None),
        ("true", None, "R201_NOT_NUMERIC"),
        ("12 kWh", 12.0, None),
        ("12 EUR", None, "R201_NOT_NUMERIC"),
        ("12 kW", None, "R201_NOT_NUMERIC"),
        ("1e2", 100.0, None),
        ("1,234", None, "R201_NOT_NUMERIC"),
        ("1,234.5", 1234.5, None),
        (" 7 ", 7.0, None),
    ],
)
def test_value_table(rows_of, text, expected, code):
    rows = column(rows_of, ["1", text, "2"])
    assert [row["energy"] for row in rows] == [1, expected, 2]
    assert codes(rows) == ({2: {"energy": code}} if code else {})
    if code:
        assert rows[1]["unparsed"]["energy"]["text"] == text


def test_typed_values_follow_the_same_rules(rows_of):
    records = [{"timestamp": NOW, "energy": value} for value in (True, float("nan"), float("inf"), 2**70, "3.5", None)]
    rows = rows_of(json.dumps(records), "a.json")
    assert [row["energy"] for row in rows] == [None, None, None, 2.0**70, 3.5, None]
    assert codes(rows) == {
        1: {"energy": "R201_NOT_NUMERIC"},
        2: {"energy": "R202_NOT_FINITE"},
        3: {"energy": "R202_NOT_FINITE"},
    }
    sink = io.BytesIO()
    pq.write_table(pa.table({"timestamp": [NOW] * 2, "energy": [True, None], "power": [float("nan"), 1.0]}), sink)
    assert codes(rows_of(sink.getvalue(), "a.parquet")) == {
        1: {"energy": "R201_NOT_NUMERIC", "power": "R202_NOT_FINITE"}
    }


def test_semicolon_file_with_decimal_commas_is_understood(rows_of):
    rows = column(rows_of, ["0,125", "1,234", "1.234,5", "12"], ";")
    assert [row["energy"] for row in rows] == [0.125, 1.234, 1234.5, 12]


def test_point_in_a_comma_file_is_refused_when_it_could_group(rows_of):
    rows = column(rows_of, ["0,125", "1.234", "12.5"], ";")
    assert [row["energy"] for row in rows] == [0.125, None, 12.5]
    assert "decimal_mark" in rows[1]["unparsed"]["energy"]["remedy"]


def test_semicolon_file_of_ambiguous_cells_only_is_not_guessed(rows_of):
    assert codes(column(rows_of, ["1,234", "5,678"], ";")).keys() == {1, 2}


@pytest.mark.parametrize(("mark", "expected"), [(".", 1234), (",", 1.234)])
def test_declared_mark_settles_it(rows_of, mark, expected):
    assert column(rows_of, ["1,234"], decimal_mark=mark)[0]["energy"] == expected


def test_declared_mark_must_be_one(rows_of):
    with pytest.raises(ConfigurationError):
        column(rows_of, ["1"], decimal_mark=";")


def test_sentinel_is_no_value_however_it_is_written(rows_of):
    rows = column(rows_of, ["-1000000.0", "-1e6", "-1000000", "broken", "5"], null_values=("-1000000", "broken"))
    assert [row["energy"] for row in rows] == [None] * 4 + [5]
    assert not codes(rows)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ndjson", "a.parquet"])
@pytest.mark.parametrize("sentinels", [("-9999", "65535"), (-9999, 65535.0)])
def test_sentinels_are_no_value_in_every_format(rows_of, name, sentinels):
    values = [-9999.0, 65535.0, 1.0]
    sink = io.BytesIO()
    pq.write_table(pa.table({"timestamp": [NOW] * 3, "energy": values}), sink)
    records = [{"timestamp": NOW, "energy": value} for value in values]
    content = {
        "a.csv": "timestamp,energy\n" + "".join(f"{NOW},{value}\n" for value in values),
        "a.json": json.dumps(records),
        "a.ndjson": "\n".join(map(json.dumps, records)),
        "a.parquet": sink.getvalue(),
    }[name]
    assert [row["energy"] for row in rows_of(content, name, null_values=sentinels)] == [None, None, 1]
    assert [row["energy"] for row in rows_of(content, name)] == values


def test_unit_in_the_cell_is_its_unit(rows_of):
    rows = column(rows_of, ["12,5 kWh", "1.000,5\u00a0kWh", "3", "2 MWh", "5 apples"], ";")
    assert [(row["energy"], row["energy_unit"]) for row in rows] == [
        (12.5, "kWh"),
        (1000.5, "kWh"),
        (3, None),
        (2, "MWh"),
        (None, None),
    ]
    assert codes(rows) == {5: {"energy": "R201_NOT_NUMERIC"}}


@pytest.mark.parametrize(
    ("header", "cells", "bad"),
    [
        ("energy_kwh", ("1 kWh", "1 Wh"), "energy_kwh"),
        ("power [kW]", ("1 KW", "1 W"), "power [kW]"),
        ("temp", ("1 \u00b0C", "1 \u00b0F"), "temp"),
        ("irradiance", ("1 W/m\u00b2", "1 kW/m2"), "irradiance"),
    ],
)
def test_unit_in_the_cell_must_not_contradict(rows_of, header, cells, bad):
    rows = rows_of(f"timestamp,{header}\n" + "".join(f"{NOW},{cell}\n" for cell in cells))
    assert codes(rows) == {2: {bad: "R205_UNIT_CONFLICT"}}
    assert rows[1]["unparsed"][bad]["text"] == cells[1]


def test_unit_in_the_cell_against_the_column_map_or_the_row(rows_of):
    declared = column(rows_of, ["1 kWh", "1 Wh"], units={"energy": "kWh"})
    assert codes(declared) == {2: {"energy": "R205_UNIT_CONFLICT"}}
    stated = rows_of(f"timestamp,energy,unit\n{NOW},1 kWh,Wh\n{NOW},1 kWh,kWh\n")
    assert codes(stated) == {1: {"energy": "R205_UNIT_CONFLICT"}}


def test_ambiguous_number_with_a_unit_is_shown_whole(rows_of):
    rows = column(rows_of, ["1,234 kWh"])
    assert rows[0]["unparsed"]["energy"]["text"] == "1,234 kWh"
    assert "decimal_mark" in rows[0]["unparsed"]["energy"]["remedy"]


def test_poison_rows_leave_the_others_alone(rows_of):
    texts = [str(number / 7) for number in range(10_000)]
    poison = ["x", "true", "nan", "1e309", "1,234", "0x1"]
    bad = {number * 270: poison[number % 6] for number in range(37)}
    rows = column(rows_of, [bad.get(number, text) for number, text in enumerate(texts)])
    assert set(codes(rows)) == {number + 1 for number in bad}
    assert all(row["energy"] == float(texts[i]) for i, row in enumerate(rows) if i not in bad)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20), st.sampled_from(".,"))
def test_every_float_comes_through_unchanged(rows_of, values, mark):
    texts = [repr(value).replace(".", mark) for value in values]
    rows = column(rows_of, texts, ";", decimal_mark=mark)
    assert [row["energy"] for row in rows] == values


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.json", "a.parquet", "a.csv.gz"]))
def test_any_bytes_are_read_or_refused_by_name(rows_of, content, name):
    from include.core.errors import FileRejected

    heads = {
        "a.csv": b"timestamp,power\n",
        "a.json": b'[{"timestamp":',
        "a.parquet": b"PAR1",
        "a.csv.gz": b"\x1f\x8b\x08\0",
    }
    try:
        rows_of(heads[name] + content, name, time_zone="UTC")
    except FileRejected as rejected:
        assert rejected.code[:4] in {"F001", "F002", "F003", "F007"}
