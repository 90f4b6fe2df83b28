import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from include.core import errors
from include.sources.inverters.sma import RAW_SCHEMA, parse
from include.sources.inverters.sma_rows import has_open_intervals
from tests.unit.inverters.sma_answers import FIXTURES, PATHS, SITE, body, request, rows

FIVE, QUARTER = timedelta(minutes=5), timedelta(minutes=15)
AT_0900 = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MEASUREMENTS = sorted(path.stem for path in FIXTURES.glob("*__*.json") if path.stem.partition("__")[0] in PATHS)
RECORDED = Path(__file__).parents[4] / "shared" / "payloads" / "sma"


def flaws(row):
    return json.loads(row["unparsed"]) if row["unparsed"] else None


def other(row):
    return json.loads(row["other_metrics"]) if row["other_metrics"] else {}


def test_a_label_names_the_end_of_its_interval_in_plant_time():
    first = rows("energy__left_out")[0]
    assert first == dict.fromkeys(RAW_SCHEMA.names) | {
        "row_number": 1,
        "external_site_id": "9912004",
        "external_device_id": "9912010",
        "interval_start": AT_0900,
        "interval_seconds": 300,
        "energy_wh": 812.0,
        "quality": "measured",
        "other_metrics": '{"device_serial": "3009999999"}',
    }


def test_what_is_left_out_within_the_day_is_missing_and_zero_is_a_value():
    found = rows("energy__left_out")
    assert [row["interval_start"] for row in found] == [AT_0900 + n * FIVE for n in range(6)]
    assert [row["energy_wh"] for row in found] == [812.0, 0.0, None, 640.0, None, None]
    assert [row["quality"] for row in found] == ["measured", "measured", "missing", "measured", "missing", "missing"]


def test_nothing_is_missing_before_the_first_and_after_the_last_interval():
    starts = [row["interval_start"] for row in rows("energy__spike")]
    assert starts == [datetime(2026, 11, 20, 6, 0, tzinfo=UTC), datetime(2026, 11, 20, 6, 5, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("energy", "energy_wh", "power_w"), [("true", 812.0, None), ("True", 812.0, None), ("false", None, 812.0)]
)
def test_the_request_decides_between_watts_and_watt_hours(energy, energy_wh, power_w):
    first = rows("energy__left_out", energy=energy)[0]
    assert (first["energy_wh"], first["power_w"]) == (energy_wh, power_w)


def test_without_the_parameter_it_is_power():
    asked = request("energy")
    del asked["query"]["ReturnEnergyValues"]
    first = next(parse(body("energy__left_out"), asked, SITE))
    assert (first["energy_wh"], first["power_w"]) == (None, 812.0)


def test_the_last_label_belongs_to_the_asked_day_and_is_never_doubled():
    found = rows("energy__day_boundary")
    measured = [(row["interval_start"], row["energy_wh"]) for row in found if row["quality"] == "measured"]
    midnight = datetime(2026, 11, 19, 23, 0, tzinfo=UTC)
    assert measured == [
        (midnight, 2.0),
        (midnight + FIVE, 3.0),
        (midnight + timedelta(hours=23, minutes=50), 4.0),
        (midnight + timedelta(hours=23, minutes=55), 5.0),
    ]
    assert len(found) == 288
    before = rows("energy__day_boundary", date="2026-11-19")
    assert before[0]["interval_start"] == midnight - FIVE and before[0]["energy_wh"] == 1.0


def test_d2_the_autumn_hour_is_kept_twice():
    found = rows("energy__autumn_hour", date="2026-10-25")
    first = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert [row["interval_start"] for row in found] == [first + n * QUARTER for n in range(11)]
    assert [row["energy_wh"] for row in found] == list(range(1, 12))
    assert {row["quality"] for row in found} == {"measured"}


def test_d2_labels_that_run_backwards_begin_the_second_pass():
    found = rows("energy__autumn_hour_backwards", date="2026-10-25")
    measured = [(row["interval_start"].strftime("%H:%M"), row["energy_wh"]) for row in found]
    assert measured == [("00:15", 1.0), ("00:30", 2.0), ("00:45", 3.0), ("01:00", 4.0)]


def test_d2_the_only_copy_of_an_autumn_hour_is_estimated():
    found = [row for row in rows("energy__autumn_hour_once", date="2026-10-25") if row["energy_wh"] is not None]
    assert [row["quality"] for row in found] == ["measured", *["estimated"] * 4, "measured"]
    assert found[1]["interval_start"] == datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert [other(row).get("dst_ambiguous") for row in found] == [None, *[True] * 4, None]


def test_d2_a_label_whose_second_copy_had_not_come_yet_is_certain():
    found = rows("energy__autumn_hour_once", date="2026-10-25", fetched_at="2026-10-25T00:52:00+00:00")
    assert [row["quality"] for row in found] == ["measured"] * 5
    assert found[-1]["interval_start"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_d3_a_label_in_the_spring_gap_is_kept_with_its_code():
    found = rows("energy__spring_gap", date="2026-03-29")
    assert [row["interval_start"] for row in found[:3]] == [
        datetime(2026, 3, 29, hour, minute, tzinfo=UTC) for hour, minute in ((0, 30), (0, 45), (1, 0))
    ]
    assert found[3]["interval_start"] is None and found[3]["energy_wh"] == 2.0
    assert flaws(found[3]) == {"interval_start": {"code": "R106_TS_NONEXISTENT", "text": "2026-03-29T02:30:00"}}


def test_d4_labels_are_read_in_the_zone_of_the_answer_or_else_of_the_site():
    bare = json.loads(body("energy__left_out"))
    del bare["plant"]["timezone"], bare["device"]["timezone"]
    site = replace(SITE, time_zone="US/Eastern")
    first = next(parse(json.dumps(bare).encode(), request("energy"), site))
    assert first["interval_start"] == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert next(parse(body("energy__left_out"), request("energy"), site))["interval_start"] == AT_0900


@pytest.mark.parametrize(
    ("fetched_at", "count"),
    [("2026-11-20T09:09:59+00:00", 0), ("2026-11-20T09:10:00+00:00", 1), ("2026-11-20T09:25:00+00:00", 4)],
)
def test_only_settled_intervals_are_given(fetched_at, count):
    assert len(rows("energy__left_out", fetched_at=fetched_at)) == count


def test_an_answer_knows_whether_it_will_tell_more_later():
    early, late = (request("energy", fetched_at=f"2026-11-20T09:{minute}:00+00:00") for minute in (34, 35))
    assert has_open_intervals(body("energy__left_out"), early, SITE)
    assert not has_open_intervals(body("energy__left_out"), late, SITE)
    assert not has_open_intervals(b"<html>", late, SITE)


def test_cells_that_are_no_number_or_time_are_kept_beside_the_row():
    found = {row["row_number"]: row for row in rows("energy__odd_cells")}
    assert [row["energy_wh"] for row in found.values()] == [
        812.5,
        None,
        None,
        None,
        None,
        10.0,
        None,
        -0.4,
        7.0,
        8.0,
        9.0,
    ]
    assert [row["quality"] for row in found.values()][4:7] == ["missing", "measured", "missing"]
    assert flaws(found[2]) == {"energy_wh": {"code": "R201_NOT_NUMERIC", "text": "abc"}}
    assert flaws(found[3]) == {"energy_wh": {"code": "R202_NOT_FINITE", "text": "Infinity"}}
    assert flaws(found[4]) == {"energy_wh": {"code": "R201_NOT_NUMERIC", "text": "true"}}
    times = [flaws(found[n])["interval_start"] for n in (9, 10, 11)]
    assert [(flaw["code"], flaw["text"]) for flaw in times] == [
        ("R101_TS_MISSING", ""),
        ("R102_TS_FORMAT", "20.11.2026 10:25"),
        ("R102_TS_FORMAT", "2026-02-30T10:25:00"),
    ]


def test_a_repeated_label_keeps_a_row_of_its_own():
    assert [row["energy_wh"] for row in rows("energy__repeated_label")] == [100.0, 101.0, 102.0]


def test_a_spike_is_neither_clipped_nor_dropped():
    assert rows("energy__spike")[0]["energy_wh"] == 165_763.0


def test_a_device_that_keeps_no_grid_gets_no_missing_rows():
    assert len(rows("energy__off_grid")) == 3


def test_sensors_fill_irradiance_and_temperature():
    first, module_only, air_only = rows("sensor__clean")
    assert (first["external_device_id"], first["irradiance_wm2"], first["temperature_c"]) == ("9912002", 312.4, 6.1)
    assert other(first) == {"module_temperature_c": 14.8, "wind_speed_ms": 3.2}
    assert (module_only["quality"], other(module_only)) == ("measured", {"module_temperature_c": 14.9})
    assert (air_only["quality"], air_only["irradiance_wm2"], air_only["temperature_c"]) == ("measured", None, -0.5)
    assert first["energy_wh"] is first["power_w"] is None


def test_a_plant_has_a_series_of_its_own_in_watts():
    first, without_sun = rows("balance__clean")
    assert (first["external_device_id"], first["power_w"], first["energy_wh"]) == (
        "site:9912004:energy_balance",
        3110.263,
        None,
    )
    assert other(first) == {
        "battery_charging_w": 0,
        "battery_discharging_w": 0,
        "consumption_w": 3914.541,
        "direct_consumption_w": 2713.808,
        "export_w": 396.455,
        "import_w": 402.139,
        "self_consumption_w": 2713.808,
        "soe_pct": 65.25,
        "total_generation_w": 3110.263,
    }
    assert (without_sun["power_w"], without_sun["quality"]) == (None, "missing")
    assert other(without_sun) == {"consumption_w": 410.0}


def test_alternating_current_comes_as_power_with_what_goes_with_it():
    [row] = rows("power_ac__clean")
    assert row["power_w"] == 2844.0
    assert other(row) == {
        "current_phase_a_a": 4.1,
        "device_serial": "3009999999",
        "frequency_hz": 50.01,
        "reactive_power_var": -12.5,
        "voltage_phase_a_v": 230.4,
        "voltage_phase_b_v": 0.0,
    }


@pytest.mark.parametrize("text", [body("energy__empty"), b'{"setType": "EnergyAndPowerPv"}', b'{"set": null}'])
def test_c6_an_empty_answer_is_no_data(text):
    assert list(parse(text, request("energy"), SITE)) == []


@pytest.mark.parametrize(
    "text",
    [
        b"<html>",
        b"null",
        b"[]",
        body("error__in_200"),
        body("sensor__clean"),
        b'{"set": [1]}',
        b'{"set": {"time": 1}}',
        b'{"plant": [1]}',
        b'{"resolution": "OneDay", "set": [{"time": "2026-11-20T00:00:00", "pvGeneration": 1}]}',
        b'{"set": [{"time": "2026-11-20T10:05:00", "pvGeneration": 1}]}',
        b'{"plant": {"timezone": "Europe/Nowhere"}, "set": []}',
    ],
)
def test_an_unknown_shape_zone_or_resolution_is_refused(text):
    with pytest.raises(errors.UnexpectedPayload):
        list(parse(text, request("energy"), SITE))


@pytest.mark.parametrize("path", ["/plants/1/devices", "/devices/1/measurements/sets/EnergyAndPowerPv/Month"])
def test_only_measurement_calls_of_ours_are_parsed(path):
    with pytest.raises(errors.UnexpectedPayload):
        list(parse(body("energy__left_out"), request("energy") | {"path": path}, SITE))


def test_parsing_again_gives_the_same_rows():
    assert rows("energy__odd_cells") == rows("energy__odd_cells")


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_rows_fit_the_raw_schema(name):
    found = rows(name)
    assert pa.Table.from_pylist(found, schema=RAW_SCHEMA).to_pylist() == found
    assert [row["row_number"] for row in found] == list(range(1, len(found) + 1))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not shipped with the project")
@pytest.mark.parametrize(
    ("file", "count", "total_wh"),
    [
        ("device_energyandpowerpv_day_energy", 79, None),
        ("device_energyandpowerpv_day_energy_spike", 5, 10_884_649),
    ],
)
def test_recorded_days_are_understood(file, count, total_wh):
    text = (RECORDED / f"{file}.json").read_bytes()
    asked = request("energy", date="2025-03-28")
    found = list(parse(text, asked, replace(SITE, external_site_id="11260000", time_zone="America/New_York")))
    assert len(found) == count
    assert all(row["unparsed"] is None and row["quality"] == "measured" for row in found)
    assert found[0]["interval_start"] == datetime(2025, 3, 28, 10, 45, tzinfo=UTC)
    delivered = [point["pvGeneration"] for point in json.loads(text)["set"]]
    assert [row["energy_wh"] for row in found] == delivered
    assert total_wh is None or sum(delivered) == total_wh
