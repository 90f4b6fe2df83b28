import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from include.core import errors
from include.sources.inverters.solaredge import PATHS, RAW_SCHEMA, parse
from tests.unit.inverters.solaredge_answers import FIXTURES, SITE, body, request, rows

QUARTER = timedelta(minutes=15)
AT_0915 = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
AT_0930 = AT_0915 + QUARTER
TELEMETRY = {path.stem for path in FIXTURES.glob("*__*.json") if path.stem.partition("__")[0] in PATHS}
REFUSED = {"inverters__unknown_unit", "inverters__hourly"}
RECORDED = Path(__file__).parents[4] / "shared" / "payloads" / "solaredge"


def test_metrics_of_a_device_and_interval_are_one_row():
    found = rows("inverters__mixed_units", **{"from": "2026-11-20T09:15:00Z"})
    assert [(row["external_device_id"], row["interval_start"]) for row in found] == [
        ("7F1A20C4-01", AT_0915),
        ("7F1A20C4-01", AT_0930),
        ("7F1A20C4-9B", AT_0915),
        ("7F1A20C4-9B", AT_0930),
    ]
    assert found[2] == dict.fromkeys(RAW_SCHEMA.names) | {
        "row_number": 3,
        "external_site_id": "2210045",
        "external_device_id": "7F1A20C4-9B",
        "interval_start": AT_0915,
        "interval_seconds": 900,
        "energy": 4605.1,
        "energy_unit": "WH",
        "power": 18.4205,
        "power_unit": "KW",
        "voltage_v": 231.4,
        "current_a": 26.6,
        "frequency_hz": 50.01,
        "quality": "measured",
    }


def test_units_stay_as_delivered():
    small = rows("inverters__mixed_units")[1]
    assert (small["energy"], small["energy_unit"]) == (-0.000725, "kWh")
    assert (small["power"], small["power_unit"]) == (-2.9, "W")


def test_null_is_missing_and_zero_is_measured():
    found = {(r["external_device_id"], r["interval_start"]): r for r in rows("inverters__mixed_units")}
    missing, zero = found["7F1A20C4-9B", AT_0930], found["7F1A20C4-01", AT_0915]
    assert (missing["energy"], missing["power"], missing["quality"]) == (None, None, "missing")
    assert (zero["energy"], zero["power"], zero["quality"]) == (0, 0, "measured")


def test_voltage_and_frequency_name_the_end_of_their_interval():
    row = rows("inverters__mixed_units", **{"from": "2026-11-20T09:15:00Z"})[2]
    assert (row["interval_start"], row["voltage_v"], row["frequency_hz"]) == (AT_0915, 231.4, 50.01)


def test_an_end_label_at_the_start_of_the_window_belongs_to_the_earlier_call():
    inside = rows("inverters__mixed_units", **{"from": "2026-11-20T09:15:00Z"})
    earlier = rows("inverters__mixed_units", **{"from": "2026-11-20T09:00:00Z"})
    assert (len(inside), len(earlier)) == (4, 5)
    assert earlier[2]["voltage_v"] == 229.9
    assert earlier[2]["quality"] == "missing"


def test_autumn_hour_is_kept_twice():
    found = rows("inverters__autumn_hour")
    starts = [row["interval_start"] for row in found]
    assert starts == [datetime(2026, 10, 24, 23, 45, tzinfo=UTC) + n * QUARTER for n in range(10)]
    assert [row["energy"] for row in found] == list(range(1, 11))


@pytest.mark.parametrize(
    ("fetched_at", "count"),
    [
        ("2026-11-20T09:31:29+00:00", 0),
        ("2026-11-20T09:31:30+00:00", 2),
        ("2026-11-20T09:46:29+00:00", 2),
        ("2026-11-20T09:46:30+00:00", 4),
    ],
)
def test_only_closed_intervals_are_given(fetched_at, count):
    assert len(rows("inverters__mixed_units", fetched_at, **{"from": "2026-11-20T09:15:00Z"})) == count


def test_cells_that_are_no_number_are_kept_beside_the_row():
    found = rows("inverters__odd_cells")
    flaws = [json.loads(row["unparsed"]) if row["unparsed"] else None for row in found]
    assert flaws == [
        {"power": {"code": "R201_NOT_NUMERIC", "text": "abc"}},
        {"power": {"code": "R202_NOT_FINITE", "text": "NaN"}},
        {
            "power": {"code": "R201_NOT_NUMERIC", "text": "true"},
            "energy": {"code": "R202_NOT_FINITE", "text": "Infinity"},
        },
        None,
        {"interval_start": {"code": "R101_TS_MISSING", "text": ""}},
        {"interval_start": {"code": "R101_TS_MISSING", "text": ""}},
        {"interval_start": {"code": "R102_TS_FORMAT", "text": "2026-11-20 11:15:00"}},
    ]
    assert [row["power"] for row in found] == [None, None, None, 17.5, 13, 14, 12]
    assert [row["energy"] for row in found] == [100, 101, None, None, None, None, 3]
    assert found[4]["interval_start"] is None


def test_a_repeated_point_keeps_a_row_of_its_own():
    found = rows("inverters__repeated_point")
    assert [(row["energy"], row["power"]) for row in found] == [(100, 400), (110, None)]


def test_meters_keep_import_export_and_consumption_apart():
    grid, production = rows("meters__import_export")
    assert (grid["import_energy"], grid["export_energy"], grid["meter_energy_unit"]) == (0.25, 1.5, "KWH")
    assert (grid["energy"], grid["energy_unit"]) == (None, None)
    assert (production["energy"], production["power"]) == (4605.1, 18420.4)
    assert (production["consumption_energy"], production["meter_energy_unit"]) == (None, "WH")
    assert {grid["quality"], production["quality"]} == {"measured"}


def test_a_battery_gives_its_state_of_energy():
    (row,) = rows("storage__state_of_energy")
    assert (row["external_device_id"], row["state_of_energy_percent"]) == ("B-77A0-1", 87.5)


def test_site_series_get_devices_of_their_own():
    power, energy = rows("site_power__clean"), rows("site_energy__clean")
    assert [row["external_device_id"] for row in power + energy] == ["site:2210045:power"] * 2 + ["site:2210045:energy"]
    assert [row["power"] for row in power] == [18420.5, None]
    assert energy[0]["energy"] == 4605.1


@pytest.mark.parametrize("text", [b"[]", b'{"inverters": {}}', b'{"inverters": []}', b'{"inverters": {"A": {}}}'])
def test_c6_an_empty_answer_is_no_data(text):
    assert list(parse(text, request("inverters"), SITE)) == []


@pytest.mark.parametrize(
    ("name", "error"), [("problem__in_200", errors.SiteGone), ("error__in_200", errors.UnexpectedPayload)]
)
def test_c6_an_error_object_is_an_error(name, error):
    with pytest.raises(error):
        list(parse(body(name), request("inverters"), SITE))


@pytest.mark.parametrize(
    "text",
    [
        body("inverters__unknown_unit"),
        body("inverters__hourly"),
        b"{}",
        b"null",
        b"<html>",
        b'{"inverters": {"A": null}}',
        b'{"inverters": {"A": {"energy": {"unit": "WH"}}}}',
        b'{"inverters": {"A": {"energy": {"unit": "WH", "values": [1]}}}}',
        b'{"inverters": {"A": {"energy": {"values": []}}}}',
        b'{"inverters": {"A": {"voltage": {"unit": "KILOVOLT", "values": []}}}}',
    ],
)
def test_an_unknown_shape_or_unit_is_refused(text):
    with pytest.raises(errors.UnexpectedPayload):
        list(parse(text, request("inverters"), SITE))


def test_two_units_in_one_meter_column_are_refused():
    text = body("meters__import_export").replace(b'"exportEnergy": {"unit": "KWH"', b'"exportEnergy": {"unit": "WH"')
    with pytest.raises(errors.UnexpectedPayload, match="beside other energies"):
        list(parse(text, request("meters"), SITE))


def test_parsing_again_gives_the_same_rows():
    assert rows("inverters__odd_cells") == rows("inverters__odd_cells")


@pytest.mark.parametrize("name", sorted(TELEMETRY - REFUSED))
def test_rows_fit_the_raw_schema(name):
    found = rows(name)
    assert pa.Table.from_pylist(found, schema=RAW_SCHEMA).to_pylist() == found
    assert [row["row_number"] for row in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize(
    ("file", "series", "count"),
    [
        ("v2_inverters_telemetry", "inverters", 2),
        ("v2_meters_telemetry", "meters", 2),
        ("v2_site_power", "site_power", 3),
    ],
)
def test_recorded_answers_are_understood(file, series, count):
    path = RECORDED / f"{file}.json"
    if not path.exists():
        pytest.skip("the recorded payloads are not shipped with the project")
    found = list(parse(path.read_bytes(), request(series), SITE))
    assert len(found) == count
    assert all(row["unparsed"] is None for row in found)
