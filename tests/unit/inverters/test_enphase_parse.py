import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from include.core import errors
from include.sources.inverters.enphase import RAW_SCHEMA, parse
from tests.unit.inverters.enphase_answers import EIGHT, FIXTURES, LATER, SITE, asked, body, request, rows

FIVE = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
SERIES = ("micros", "production_meter", "rgm_stats", "grid", "consumption")
TELEMETRY = sorted(path.stem for path in FIXTURES.glob("*__*.json") if path.stem.startswith(SERIES))
RECORDED = Path(__file__).parents[4] / "shared" / "payloads" / "enphase"
METER = "122200058195EIM1"


def starts(found):
    return [row["interval_start"] for row in found]


def test_a_label_names_the_end_of_its_interval():
    found = rows("micros__partial")
    assert starts(found) == [EIGHT, EIGHT + FIVE, EIGHT + 2 * FIVE]
    assert found[1] == dict.fromkeys(RAW_SCHEMA.names) | {
        "row_number": 2,
        "external_site_id": "4410021",
        "external_device_id": "site:4410021:micros",
        "interval_start": EIGHT + FIVE,
        "interval_seconds": 300,
        "energy": 260,
        "power": 3120,
        "devices_reporting": 24,
        "total_devices": 24,
        "quality": "measured",
    }


def test_a_sum_that_lacks_devices_is_estimated_and_a_dark_one_is_measured():
    dark, full, partial = rows("micros__partial")
    assert (dark["energy"], dark["quality"]) == (0, "measured")
    assert (full["quality"], partial["quality"]) == ("measured", "estimated")
    assert (partial["devices_reporting"], partial["energy"]) == (21, 228)


def test_a_zero_that_no_device_reported_is_missing():
    silent, measured = rows("micros__nobody_reported")
    assert (silent["energy"], silent["power"], silent["quality"]) == (None, None, "missing")
    assert (measured["energy"], measured["quality"]) == (1, "measured")


def test_a_gap_is_missing_once_the_gateway_has_reported_since():
    found = rows("micros__gap", start_at=int(EIGHT.timestamp()), granularity="15mins")
    assert [(row["interval_start"], row["energy"], row["quality"]) for row in found] == [
        (EIGHT, 260, "measured"),
        (EIGHT + FIVE, None, "missing"),
        (EIGHT + 2 * FIVE, 261, "measured"),
    ]


def test_a_gap_is_late_while_the_gateway_is_silent_and_missing_after_a_day():
    query = {"start_at": int(EIGHT.timestamp()), "granularity": "day"}
    assert starts(rows("micros__silent_gateway", **query)) == [EIGHT]
    day_later = rows("micros__silent_gateway", EIGHT + timedelta(hours=25, minutes=1), **query)
    assert [row["quality"] for row in day_later] == ["measured"] + ["missing"] * 11
    assert starts(day_later)[-1] == EIGHT + timedelta(hours=1) - FIVE


def test_nothing_is_missing_outside_the_window_that_was_asked_for():
    assert len(rows("micros__gap")) == 2
    assert len(rows("micros__gap", start_at=int((EIGHT + 2 * FIVE).timestamp()), granularity="5mins")) == 2


def test_nothing_is_missing_after_the_end_that_the_vendor_names():
    payload = json.loads(body("micros__gap")) | {"end_at": int((EIGHT + FIVE).timestamp())}
    found = list(parse(json.dumps(payload).encode(), request("micros", **asked()), SITE))
    assert starts(found) == [EIGHT, EIGHT + 2 * FIVE]


def test_a_window_off_the_grid_begins_with_its_first_whole_interval():
    found = rows("micros__gap", start_at=int(EIGHT.timestamp()) + 60, granularity="15mins")
    assert starts(found) == [EIGHT, EIGHT + FIVE, EIGHT + 2 * FIVE]


def test_nothing_is_missing_before_the_system_was_in_operation():
    payload = json.loads(body("micros__gap"))
    payload["meta"]["operational_at"] = int((EIGHT + 2 * FIVE).timestamp())
    found = list(parse(json.dumps(payload).encode(), request("micros", **asked(0.25)), SITE))
    assert starts(found) == [EIGHT, EIGHT + 2 * FIVE]


def test_a_system_without_the_devices_of_a_series_has_no_rows():
    assert rows("micros__empty", **asked()) == []


@pytest.mark.parametrize(("minutes", "count"), [(14, 1), (15, 2), (20, 3)])
def test_an_interval_is_closed_five_minutes_after_its_end(minutes, count):
    found = rows("micros__partial", EIGHT + timedelta(minutes=minutes), **asked())
    assert len(found) == count


def test_meters_deliver_no_power():
    first, dark = rows("production_meter__clean")
    assert (first["external_device_id"], first["interval_seconds"]) == ("site:4410021:production_meter", 900)
    assert (first["interval_start"], first["energy"], first["power"]) == (EIGHT, 781, None)
    assert (dark["energy"], dark["quality"]) == (0, "measured")


def test_channels_of_a_meter_add_up():
    found = {(row["external_device_id"], row["interval_start"]): row for row in rows("rgm_stats__channels")}
    first = found[METER, EIGHT]
    assert (first["energy"], first["current_power_w"], first["quality"]) == (781, 3205, "measured")
    assert json.loads(first["channels"]) == {"1": 391.0, "2": 390.0}
    assert (first["devices_reporting"], first["total_devices"]) == (2, 2)
    assert found["122200058196EIM1", EIGHT]["energy"] == 400


def test_a_meter_that_lacks_a_channel_is_estimated():
    found = {row["interval_start"]: row for row in rows("rgm_stats__channels") if row["external_device_id"] == METER}
    last = found[EIGHT + 2 * QUARTER]
    assert (last["energy"], last["quality"]) == (400, "estimated")


def test_a_silent_meter_is_missing_beside_one_that_reports():
    found = rows("rgm_stats__channels", **asked(0.75))
    missing = [(row["external_device_id"], row["interval_start"]) for row in found if row["quality"] == "missing"]
    assert missing == [("122200058196EIM1", EIGHT + 2 * QUARTER)]


def test_a_mapped_meter_that_is_not_even_listed_is_missing():
    site = replace(SITE, devices=("EIM-GONE", "site:4410021:micros"))
    found = rows("rgm_stats__channels", site=site, **asked(0.25))
    assert [row["external_device_id"] for row in found if row["quality"] == "missing"] == ["EIM-GONE"]


def test_nested_lists_of_import_are_one_series():
    first, second = rows("grid_import__nested")
    assert (first["external_device_id"], first["interval_start"]) == ("site:4410021:grid_import", EIGHT)
    assert (first["import_wh"], first["energy"], first["quality"]) == (42, None, "measured")
    assert (second["import_wh"], second["quality"]) == (0, "measured")


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [("grid_export__nested", "export_wh", 310), ("consumption__clean", "consumption_wh", 140)],
)
def test_export_and_consumption_have_columns_of_their_own(name, column, value):
    (row,) = rows(name)
    assert (row[column], row["energy"], row["quality"]) == (value, None, "measured")


def test_a_cell_that_is_no_number_is_kept_with_its_code():
    found = rows("micros__odd_cells")
    text, word, empty, uncounted, *without_time = found
    assert (text["energy"], text["power"]) == (260, 3120)
    assert (word["energy"], json.loads(word["unparsed"])) == (
        None,
        {"energy": {"code": "R201_NOT_NUMERIC", "text": "n/a"}},
    )
    assert (empty["energy"], empty["quality"]) == (None, "missing")
    assert (uncounted["devices_reporting"], uncounted["quality"]) == (None, "measured")
    codes = [json.loads(row["unparsed"])["interval_start"]["code"] for row in without_time]
    assert codes == ["R101_TS_MISSING", "R102_TS_FORMAT"]
    assert starts(without_time) == [None, None]


def test_a_repeated_point_is_kept_to_be_judged():
    assert [(row["interval_start"], row["energy"]) for row in rows("micros__repeated_point")] == [
        (EIGHT, 260),
        (EIGHT, 261),
    ]


@pytest.mark.parametrize("name", TELEMETRY)
def test_rows_fit_the_schema_in_order_and_are_the_same_again(name):
    found = rows(name, **asked())
    table = pa.Table.from_pylist(found, schema=RAW_SCHEMA)
    assert table.num_rows == len(found)
    assert [row["row_number"] for row in found] == list(range(1, len(found) + 1))
    assert set().union(*found) <= set(RAW_SCHEMA.names)
    assert rows(name, **asked()) == found


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"[]", errors.UnexpectedPayload),
        (b"<html>", errors.UnexpectedPayload),
        (b'{"intervals": {}}', errors.UnexpectedPayload),
        (b'{"intervals": [[]]}', errors.UnexpectedPayload),
        (body("error__unavailable"), errors.VendorUnavailable),
        (body("error__range"), errors.BadRequest),
        (b'{"message":"Not Authorized","details":"User is not authorized","code":401}', errors.AuthFailed),
        (b'{"reason":"405","message":["Method not allowed"]}', errors.BadRequest),
    ],
)
def test_c6_an_error_object_is_never_read_as_data(answer, error):
    with pytest.raises(error):
        list(parse(answer, request("micros"), SITE))


def test_another_call_is_no_telemetry():
    with pytest.raises(errors.UnexpectedPayload, match="not a telemetry call"):
        list(parse(body("micros__gap"), request("micros") | {"path": "/api/v4/systems/1/summary"}, SITE))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are not beside the project")
class TestRecordedAnswers:
    def test_micros(self):
        answer = (RECORDED / "telemetry_production_micro.json").read_bytes()
        found = list(parse(answer, request("micros", LATER), SITE))
        assert [(row["energy"], row["power"], row["quality"]) for row in found] == [
            (62, 744, "measured"),
            (85, 1020, "measured"),
            (139, 1668, "measured"),
        ]
        assert all(row["power"] == row["energy"] * 12 for row in found)
        assert int(found[0]["interval_start"].timestamp()) == 1738421700 - 300

    def test_meters(self):
        answer = (RECORDED / "rgm_stats.json").read_bytes()
        found = list(parse(answer, request("rgm_stats", LATER), SITE))
        assert [row["energy"] for row in found] == [0, 2, 11, 22, 49]
        assert {row["external_device_id"] for row in found} == {"000005058195EIM1"}
        assert [row["devices_reporting"] for row in found] == [3, 3, 2, 1, 1]
