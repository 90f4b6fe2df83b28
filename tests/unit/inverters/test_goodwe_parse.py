import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from include.core import errors
from include.sources.inverters import goodwe_lists as lists
from include.sources.inverters.goodwe import RAW_SCHEMA, parse
from tests.unit.inverters.goodwe_answers import PSYSTEM, SITE, body, curve, minutes, request, rows

QUARTER = timedelta(minutes=15)
AT_0900 = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # 10:00 in Brussels
RECORDED = Path(__file__).parents[4] / "shared" / "payloads" / "goodwe"


def metrics(row):
    return json.loads(row["other_metrics"]) if row["other_metrics"] else {}


def flaws(row):
    return json.loads(row["unparsed"]) if row["unparsed"] else {}


def test_minutes_become_quarter_hours_of_mean_power_and_energy():
    first = rows("curve__quarter_hours")[0]
    assert first == dict.fromkeys(RAW_SCHEMA.names) | {
        "row_number": 1,
        "external_site_id": SITE.external_site_id,
        "external_device_id": PSYSTEM,
        "interval_start": AT_0900,
        "interval_seconds": 900,
        "power": pytest.approx(3.1),
        "power_unit": "kW",
        "energy": pytest.approx(3.1 / 4),
        "energy_unit": "kWh",
        "quality": "estimated",
        "other_metrics": first["other_metrics"],
    }


def test_what_comes_along_with_the_power_keeps_its_direction():
    assert metrics(rows("curve__quarter_hours")[0]) == {
        "sample_count": 15,
        "grid_export_w": -1500,
        "battery_discharge_w": 500,
        "consumption_w": 4600,
        "soe_pct": 61,
    }


def test_four_fifths_of_the_minutes_are_enough_and_fewer_are_missing():
    _, enough, thin, none, _ = rows("curve__quarter_hours")
    assert (enough["power"], enough["energy"], enough["quality"]) == (2.0, 0.5, "estimated")
    assert metrics(enough)["sample_count"] == 12
    for row, count in ((thin, 11), (none, 0)):
        assert (row["power"], row["energy"], row["quality"]) == (None, None, "missing")
        assert metrics(row)["sample_count"] == count
    assert metrics(thin)["mean_of_samples_kw"] == 2.5


def test_zero_stays_zero():
    zero = rows("curve__quarter_hours")[4]
    assert (zero["power"], zero["energy"], zero["quality"]) == (0, 0, "estimated")


def test_numbers_may_be_texts_and_lists_may_have_their_other_names():
    [row] = rows("curve__statistics_list")
    assert (row["interval_start"], row["power"]) == (AT_0900, pytest.approx(3.1))


def test_a_curve_without_samples_has_no_rows():
    assert rows("curve__no_samples") == []


@pytest.mark.parametrize(
    ("fetched_at", "count"),
    [("09:17:59", 0), ("09:18:00", 1), ("09:32:59", 1), ("09:33:00", 2), ("11:00:00", 5)],
)
def test_only_closed_quarter_hours_are_given(fetched_at, count):
    assert len(rows("curve__quarter_hours", f"2026-11-20T{fetched_at}+00:00")) == count


def test_autumn_hour_is_kept_twice():
    day, first, second = "2026-10-25", "02:00", "02:59"
    samples = (
        minutes(day, "01:45", "01:59", 1)
        + minutes(day, first, second, 2)
        + minutes(day, first, second, 3)
        + minutes(day, "03:00", "03:14", 4)
    )
    found = curve(samples)
    start = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert [row["interval_start"] for row in found] == [start + n * QUARTER for n in range(10)]
    assert [row["power"] for row in found] == [1, 2, 2, 2, 2, 3, 3, 3, 3, 4]
    assert not any("dst_ambiguous" in metrics(row) for row in found)


def test_the_only_copy_of_the_autumn_hour_is_the_earlier_one_and_says_so():
    found = curve(minutes("2026-10-25", "01:45", "03:14"))
    ambiguous = [row["interval_start"] for row in found if metrics(row).get("dst_ambiguous")]
    assert ambiguous == [datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + n * QUARTER for n in range(4)]
    assert len(found) == 6


def test_the_first_pass_is_certain_while_the_second_has_not_come():
    found = curve(minutes("2026-10-25", "01:45", "02:30"), fetched_at="2026-10-25T00:33:00+00:00")
    assert [row["interval_start"].hour for row in found] == [23, 0, 0]
    assert not any("dst_ambiguous" in metrics(row) for row in found)


def test_a_time_in_the_spring_gap_is_a_row_without_instant():
    found = curve(minutes("2026-03-29", "01:45", "03:14"))
    assert [row["interval_start"] for row in found[:2]] == [
        datetime(2026, 3, 29, 0, 45, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ]
    assert [flaws(row)["interval_start"]["code"] for row in found[2:]] == 4 * ["R106_TS_NONEXISTENT"]
    assert flaws(found[2])["interval_start"]["text"] == "2026-03-29 02:00:00"
    assert all(row["interval_start"] is None for row in found[2:])


@pytest.mark.parametrize(
    ("zone", "at"), [("Asia/Kathmandu", (4, 15)), ("America/St_Johns", (13, 30)), ("Asia/Tokyo", (1, 0))]
)
def test_zones_off_the_whole_hour_are_read_exactly(zone, at):
    [row] = curve(minutes("2026-11-20", "10:00", "10:14"), site=replace(SITE, time_zone=zone))
    assert row["interval_start"] == datetime(2026, 11, 20, *at, tzinfo=UTC)


def test_cells_that_are_no_time_or_number_are_kept_beside_the_row():
    samples = [*minutes("2026-11-20", "10:00", "10:13"), ("2026-11-20 10:14:00", "abc"), (None, 1), ("20.11.26 x", 1)]
    odd_value, no_time, no_format = curve(samples)
    assert flaws(odd_value) == {"power": {"code": "R201_NOT_NUMERIC", "text": "abc"}}
    assert (odd_value["power"], odd_value["energy"]) == (None, None)
    assert flaws(no_time)["interval_start"] == {"code": "R101_TS_MISSING", "text": ""}
    assert flaws(no_format)["interval_start"] == {"code": "R102_TS_FORMAT", "text": "20.11.26 x"}


def test_a_minute_that_is_sent_twice_counts_once():
    samples = minutes("2026-11-20", "10:00", "10:14")
    [row] = curve([*samples, (samples[3][0], 99)])
    assert (row["power"], metrics(row)["sample_count"]) == (1, 15)


def test_a_curve_in_steps_of_five_minutes_needs_three_samples():
    samples = minutes("2026-11-20", "10:00", "11:29")[::5]
    found = curve(samples[:-1])
    assert [row["quality"] for row in found] == 5 * ["estimated"] + ["missing"]
    assert {metrics(row)["sample_count"] for row in found} == {3, 2}


def test_the_total_of_a_day_is_one_long_interval_of_its_own_device():
    [row] = rows("production__clean", json={"dimension": "day", "startTime": "2026-11-19 00:00:00"})
    assert (row["external_device_id"], row["interval_seconds"]) == (SITE.pseudo_device("day_total"), 86400)
    assert row["interval_start"] == datetime(2026, 11, 18, 23, tzinfo=UTC)
    assert (row["energy"], row["energy_unit"], row["quality"]) == (31.4, "kWh", "measured")


@pytest.mark.parametrize("name", ["production__zero", "production__null"])
def test_no_energy_on_a_day_is_no_reading(name):
    [row] = rows(name, json={"dimension": "day", "startTime": "2026-11-19 00:00:00"})
    assert (row["energy"], row["quality"]) == (None, "missing")


def test_statistics_by_day_are_read_like_production():
    found = rows("statistics__days", json={"dimension": "day"})
    assert [(row["interval_start"].day, row["energy"]) for row in found] == [(17, 31.4), (18, 27.0)]
    assert len(rows("statistics__days", "2026-11-19T23:02:59+00:00", json={"dimension": "day"})) == 1


def test_energy_by_month_is_refused():
    with pytest.raises(errors.UnexpectedPayload, match="by day"):
        rows("production__clean", json={"dimension": "month", "startTime": "2026-11-01 00:00:00"})


def test_both_answers_about_an_inverter_make_one_snapshot():
    together = b"[" + body("telemetry__clean") + b"," + body("telecounting__clean") + b"]"
    [row] = parse(together, request("snapshot", "2026-11-20T09:22:10+00:00"), SITE)
    assert (row["external_device_id"], row["interval_start"]) == ("5000A1", AT_0900 + QUARTER)
    assert (row["power"], row["power_unit"]) == (18.42, "kW")
    assert (row["energy_total"], row["energy_total_unit"], row["energy"]) == (123456.78, "kWh", None)
    assert row["quality"] == "estimated"
    assert metrics(row) == {
        "inverter_temperature_c": 41.7,
        "voltage_v": 231.4,
        "current_a": 79.6,
        "frequency_hz": 50.01,
    }


def test_a_factor_without_data_is_unavailable_and_not_zero():
    [row] = rows("telemetry__unavailable")
    assert (row["power"], row["energy_total"], row["quality"]) == (None, None, "missing")
    assert row["other_metrics"] is None and row["unparsed"] is None


def test_an_unknown_unit_is_refused():
    with pytest.raises(errors.UnexpectedPayload, match="10kWh"):
        rows("telecounting__unknown_unit")


def test_the_openapi_curve_of_a_plant_is_read_with_the_date_of_its_request():
    found = rows("openapi_plant__records", json={"plant_id": SITE.external_site_id, "date": "2026-11-20", "type": 0})
    assert [row["interval_start"] for row in found] == [AT_0900 + n * QUARTER for n in range(4)]
    assert [row["power"] for row in found] == [2, 3, 4, 5]
    assert {row["external_device_id"] for row in found} == {PSYSTEM}


def test_the_openapi_curve_needs_a_unit_from_somewhere():
    asked = {"json": {"invertersn": "5000A1", "date": "2026-11-20", "type": 0}}
    with pytest.raises(errors.UnexpectedPayload, match="GOODWE_OPENAPI_POWER_UNIT"):
        rows("openapi_inverter_curve__xy", **asked)
    found = rows("openapi_inverter_curve__xy", power_unit="W", **asked)
    assert (found[0]["external_device_id"], found[0]["power"], found[0]["power_unit"]) == ("5000A1", 1500, "W")
    assert (found[0]["energy"], found[0]["energy_unit"]) == (375, "Wh")


def test_a_setting_of_the_path_does_not_hide_which_call_it_was():
    sent = request("openapi_inverter", call="GetInverterBySN", query={"invertersn": "5000A1"}, path="/v9/one")
    [row] = parse(body("openapi_inverter__clean"), sent, SITE)
    assert (row["external_device_id"], row["energy_total"]) == ("5000A1", 4567.8)


@pytest.mark.parametrize("kind", ["curve", "production", "telemetry", "openapi_inverter"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (body("success__empty"), errors.UnexpectedPayload),
        (body("error__rate_limit"), errors.RateLimited),
        (b'{"code": "100002", "data": null}', errors.AuthFailed),
        (b'{"data": {"dataList": []}}', errors.UnexpectedPayload),
        (b"[1", errors.UnexpectedPayload),
        (b"[1]", errors.UnexpectedPayload),
    ],
)
def test_an_error_never_becomes_a_reading(kind, answer, error):
    sent = request(kind, query={"invertersn": "1"}, json={"startTime": "2026-11-19"})
    with pytest.raises(error):
        list(parse(answer, sent, SITE))


@pytest.mark.parametrize("name", ["stations__page", "stations__records"])
def test_station_lists_are_read_whatever_their_parts_are_called(name):
    [station] = lists.stations(body(name))
    assert (station.external_site_id, station.name) == (SITE.external_site_id, "Depot West")
    assert station.dc_capacity_w == pytest.approx(99_400)
    assert lists.total(body(name)) == 1


def test_devices_are_listed_once_with_their_kind():
    found = [(d.external_device_id, d.kind, d.name, d.model) for d in lists.devices(body("devices__all_types"), "S")]
    assert found == [
        ("site:S:psystem", "site", "Station power", None),
        ("site:S:day_total", "site", "Station energy of the day", None),
        ("5000A1", "inverter", "Roof south", "GW50K-MT"),
        ("5000A2", "inverter", "5000A2", None),
        ("9300M1", "meter", "Grid", None),
        ("5000A1-B1", "battery", "Battery", None),
    ]


def test_other_calls_hold_no_readings():
    with pytest.raises(errors.UnexpectedPayload, match="no call for readings"):
        list(parse(body("stations__page"), {"path": "/sems-plant/api/portal/stations/page"}, SITE))


@pytest.mark.parametrize("name", ["curve__quarter_hours", "production__clean", "telemetry__clean"])
def test_rows_fit_the_raw_table(name):
    found = rows(name, json={"dimension": "day", "startTime": "2026-11-19 00:00:00"})
    assert pa.RecordBatch.from_pylist(found, schema=RAW_SCHEMA).num_rows == len(found)
    assert [row["row_number"] for row in found] == list(range(1, len(found) + 1))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not part of the project")
def test_recorded_answers_are_understood():
    def recorded(name, kind, **parts):
        return list(parse((RECORDED / f"{name}.json").read_bytes(), request(kind, **parts), SITE))

    [telemetry] = recorded("inverter_telemetry", "telemetry")
    assert telemetry["power"] == 1.064 and metrics(telemetry)["inverter_temperature_c"] == 29.2
    [counters] = recorded("inverter_telecounting", "telecounting")
    assert (counters["energy_total"], counters["energy_total_unit"]) == (12345.67, "kWh")
    [station] = lists.stations((RECORDED / "station_list.json").read_bytes())
    assert (station.time_zone, station.dc_capacity_w) == ("Europe/Amsterdam", 3000)
    [day] = recorded("station_statistics_day", "statistics")
    assert (day["energy"], day["interval_start"].date().isoformat()) == (31.4, "2026-09-23")
