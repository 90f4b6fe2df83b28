"""Stored answers of the withdrawn version 1, read as if they had come yesterday."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from include.core import errors
from include.sources.inverters.solaredge import RAW_SCHEMA, parse
from tests.unit.inverters.solaredge_answers import LATER, SITE, body

QUARTER = timedelta(minutes=15)
NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)  # in Brussels
METERS, EQUIPMENT = "/site/2210045/meters", "/equipment/2210045/7F1A20C4-9B/data"
RECORDED = Path(__file__).parents[4] / "shared" / "payloads" / "solaredge" / "v1_equipment_data.json"


def rows(path, answer, fetched_at=LATER, query=None):
    if not isinstance(answer, bytes):
        answer = json.dumps(answer).encode()
    found = list(parse(answer, {"path": path, "query": query or {}, "fetched_at": fetched_at}, SITE))
    assert [row["row_number"] for row in found] == list(range(1, len(found) + 1))
    assert pa.RecordBatch.from_pylist(found, schema=RAW_SCHEMA).num_rows == len(found)
    assert all(row.keys() == set(RAW_SCHEMA.names) for row in found)
    return found


def energy(*points, time_unit="QUARTER_OF_AN_HOUR", unit="Wh"):
    values = [{"date": date, "value": value} for date, value in points]
    return {"energy": {"timeUnit": time_unit, "unit": unit, "measuredBy": "INVERTER", "values": values}}


def samples(*dates, start=1000.0):
    telemetries = [{"date": date, "totalEnergy": start + n} for n, date in enumerate(dates)]
    return {"data": {"count": len(dates), "telemetries": telemetries}}


def labels(first, *, minutes=15, count):
    start = datetime.fromisoformat(first)
    return [str(start + timedelta(minutes=minutes * n)) for n in range(count)]


def test_a_point_without_value_is_missing_and_zero_is_not():
    found = rows("/site/2210045/energyDetails", body("v1_energy_details__nulls"))
    assert [row["interval_start"] for row in found] == [NOON + n * QUARTER for n in range(4)]
    assert [(row["energy"], row["import_energy"], row["quality"]) for row in found] == [
        (4605.0, 12.5, "measured"),
        (None, 13.0, "measured"),
        (0.0, None, "measured"),
        (None, None, "missing"),
    ]
    assert {(row["external_device_id"], row["energy_unit"], row["interval_seconds"]) for row in found} == {
        ("site:2210045:energy", "Wh", 900)
    }


def test_the_sites_series_goes_on_where_version_2_begins():
    [first] = rows("/site/2210045/energy", energy(("2026-07-01 12:00:00", 4605.0)))
    assert (first["external_device_id"], first["energy"]) == ("site:2210045:energy", 4605.0)
    details = {"timeUnit": "QUARTER_OF_AN_HOUR", "unit": "W", "meters": [{"type": "Production", "values": []}]}
    details["meters"][0]["values"] = [{"date": "2026-07-01 12:00:00", "value": 18420.0}]
    [second] = rows("/site/2210045/powerDetails", {"powerDetails": details})
    assert (second["external_device_id"], second["power"], second["power_unit"]) == ("site:2210045:power", 18420.0, "W")


def test_odd_cells_are_kept_beside_their_row():
    found = rows("/site/2210045/power", body("v1_power__odd_cells"))
    problems = [json.loads(row["unparsed"]) for row in found if row["unparsed"]]
    assert sorted((column, flaw["code"]) for problem in problems for column, flaw in problem.items()) == [
        ("interval_start", "R101_TS_MISSING"),
        ("interval_start", "R102_TS_FORMAT"),
        ("interval_start", "R106_TS_NONEXISTENT"),
        ("power", "R201_NOT_NUMERIC"),
    ]
    repeated = [row["power"] for row in found if row["interval_start"] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert repeated == [6.0, 7.0]


def test_d3_the_repeated_hour_is_kept_twice_in_order_of_delivery():
    dates = labels("2026-10-25 01:45:00", count=5) + labels("2026-10-25 02:00:00", count=5)
    found = rows("/site/2210045/energy", energy(*((date, n) for n, date in enumerate(dates))))
    start = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert [(row["interval_start"], row["energy"]) for row in found] == [(start + n * QUARTER, n) for n in range(10)]
    assert {row["quality"] for row in found} == {"measured"}


def test_the_only_copy_of_the_repeated_hour_is_estimated():
    found = rows("/site/2210045/energy", energy(*((date, 1) for date in labels("2026-10-25 01:45:00", count=6))))
    assert [(row["quality"], row["is_dst_ambiguous"]) for row in found] == [
        ("measured", None),
        *[("estimated", True)] * 4,
        ("measured", None),
    ]


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-07-01", 96)])
def test_d2_d3_a_local_day_has_its_own_number_of_quarter_hours(day, count):
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Brussels"))
    instants = [midnight.astimezone(UTC) + n * QUARTER for n in range(count)]
    dates = [instant.astimezone(midnight.tzinfo).strftime("%Y-%m-%d %H:%M:%S") for instant in instants]
    found = rows("/site/2210045/energy", energy(*((date, n) for n, date in enumerate(dates))))
    assert [(row["interval_start"], row["energy"]) for row in found] == list(zip(instants, range(count), strict=True))
    assert all(row["quality"] == "measured" for row in found)


def test_hours_are_hours():
    found = rows("/site/2210045/energy", energy(("2026-07-01 12:00:00", 1), time_unit="HOUR"))
    assert [row["interval_seconds"] for row in found] == [3600]


def test_what_was_open_when_it_was_fetched_is_left_out():
    answer = energy(*((date, 1.0) for date in labels("2026-07-01 12:00:00", count=4)))
    found = rows("/site/2210045/energy", answer, fetched_at="2026-07-01T10:31:30+00:00")
    assert [row["interval_start"] for row in found] == [NOON, NOON + QUARTER]


def test_registers_go_to_the_interval_whose_start_they_were_read_nearest_to():
    found = {(row["external_device_id"], row["interval_start"]): row for row in rows(METERS, body("v1_meters__jitter"))}
    start = datetime(2026, 7, 1, 8, 15, tzinfo=UTC)
    registers = [found["606811", start + n * QUARTER] for n in range(4)]
    assert [row["energy_total"] for row in registers] == [21379000.0, 21380100.0, 21381250.0, None]
    assert [row["quality"] for row in registers] == ["estimated"] * 3 + ["missing"]
    assert all(row["energy"] is None for row in registers)
    grid = found["606812", start]
    assert (grid["export_energy_total"], grid["import_energy_total"], grid["energy_total"]) == (500.0, 700.0, None)
    assert len(found) == 5


def test_samples_of_an_inverter_become_quarter_hours():
    first, second, third = rows(EQUIPMENT, body("v1_equipment_data__samples"))
    assert first == dict.fromkeys(RAW_SCHEMA.names) | {
        "row_number": 1,
        "external_site_id": "2210045",
        "external_device_id": "7F1A20C4-9B",
        "interval_start": NOON,
        "interval_seconds": 900,
        "power": 9150.0,  # of two samples; the third had no power
        "power_unit": "W",
        "voltage_v": 231.2,
        "current_a": 38.9,
        "frequency_hz": 50.01,
        "energy_total": 1000000.0,
        "energy_total_unit": "Wh",
        "inverter_temperature_c": 41.5,
        "quality": "estimated",
    }
    # three phases have no one voltage; the register is that of 12:16:11
    assert (second["energy_total"], second["power"], second["voltage_v"]) == (1002330.0, 9620.0, None)
    assert second["inverter_temperature_c"] == 42.0
    # read 20 s before the next interval, which nothing else is known of
    assert (third["energy_total"], third["power"]) == (1004490.0, None)


def test_a_sample_without_usable_time_stays_a_row_of_its_own():
    found = rows(EQUIPMENT, samples("2026-07-01 12:00:00", "garbled", "", "2026-03-29 02:30:00"))
    assert [(row["energy_total"], json.loads(row["unparsed"])["interval_start"]["code"]) for row in found[1:]] == [
        (1002.0, "R101_TS_MISSING"),
        (1003.0, "R106_TS_NONEXISTENT"),
        (1001.0, "R102_TS_FORMAT"),
    ]


def test_samples_fall_back_where_the_clock_does():
    first_pass = labels("2026-10-25 02:01:00", minutes=5, count=12)
    second_pass = labels("2026-10-25 02:01:30", minutes=5, count=14)
    found = rows(EQUIPMENT, samples(*first_pass, *second_pass))
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert [(row["interval_start"], row["energy_total"]) for row in found] == [
        (start + n * QUARTER, 1000.0 + 3 * n) for n in range(9)
    ]
    assert not any(row["is_dst_ambiguous"] for row in found)


def test_one_pass_of_samples_in_the_repeated_hour_is_marked():
    found = rows(EQUIPMENT, samples(*labels("2026-10-25 02:01:00", minutes=15, count=4), "2026-10-25 03:01:00"))
    assert [row["is_dst_ambiguous"] for row in found] == [True] * 4 + [None]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/site/2210045/details", {"details": {}}),
        ("/site/2210045/sensors", {"SiteSensors": {}}),
        ("/site/2210045/", {}),
        ("/site/7/energy", energy(("2026-07-01 12:00:00", 1))),
        ("/equipment/7/7F1A20C4-9B/data", samples("2026-07-01 12:00:00")),
        ("/site/2210045/energy", energy(("2026-07-01", 1), time_unit="DAY")),
        ("/site/2210045/energy", energy(("2026-07-01 12:00:00", 1), unit="BTU")),
        ("/site/2210045/energy", {"power": {}}),
        ("/site/2210045/energy", []),
        ("/site/2210045/meters", {"meterEnergyDetails": {"unit": "Wh", "meters": [{"meterType": "Production"}]}}),
        (EQUIPMENT, {"data": {"telemetries": [7]}}),
        (EQUIPMENT, b"{"),
        (EQUIPMENT, {"errors": ["expired key"]}),
    ],
)
def test_an_answer_of_another_shape_is_refused(path, answer):
    with pytest.raises(errors.UnexpectedPayload):
        rows(path, answer)


@pytest.mark.skipif(not RECORDED.exists(), reason="recorded answers lie beside the project")
def test_a_recorded_answer_is_read():
    first, second = rows(EQUIPMENT, RECORDED.read_bytes())
    assert (first["energy_total"], second["energy_total"]) == (3.77792e7, 3.77795e7)
    assert first["power"] == pytest.approx((2011 + 1700 + 1489) / 3)
    assert (first["inverter_temperature_c"], first["frequency_hz"]) == (38.6175, 60.0128)
