"""Headers, units and the column map: the one alias table (B14) and what it refuses."""

import json

import pytest

from include.core.errors import ConfigurationError, FileRejected
from include.core.records import FileHints
from include.sources.files.columns import map_columns
from tests.unit.files.conftest import codes

NOW = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T00:15:00Z"


def mapped(*headers, **hints):
    return {column: match.header for column, match in map_columns(list(headers), FileHints(**hints)).used.items()}


@pytest.mark.parametrize(
    ("header", "column", "unit"),
    [
        ("reading_timestamp", "timestamp", None),
        ("Date Time", "timestamp", None),
        ("measured_on", "timestamp", None),
        ("Timestamp (UTC)", "timestamp", "UTC"),
        ("end_at", "interval_end", None),
        ("Period End", "interval_end", None),
        ("siteId", "external_site_id", None),
        ("plant_id", "external_site_id", None),
        ("powerstation_id", "external_site_id", None),
        ("serialNumber", "external_device_id", None),
        ("SN", "external_device_id", None),
        ("energy_wh", "energy", "Wh"),
        ("Energy (kWh)", "energy", "kWh"),
        ("PRODUCTION.MWh", "energy", "MWh"),
        ("energy gwh", "energy", "GWh"),
        ("kwh", "energy", "kWh"),
        ("enwh", "energy", "Wh"),
        ("value", "energy", None),
        ("cumulative_energy", "energy_total", None),
        ("total_energy_kwh", "energy_total", "kWh"),
        ("Total Yield [kWh]", "energy_total", "kWh"),
        ("E_TOTAL", "energy_total", None),
        ("lifetime", "energy_total", None),
        ("register", "energy_total", None),
        ("power_w", "power", "W"),
        ("ac_power [kW]", "power", "kW"),
        ("ac_power__773", "power", None),
        ("active-power.MW", "power", "MW"),
        ("watts", "power", "W"),
        ("pac", "power", None),
        ("powr", "power", None),
        ("poa_irradiance__771", "irradiance_wm2", None),
        ("Irradiance (W/m²)", "irradiance_wm2", "W/m2"),
        ("GHI kW/m2", "irradiance_wm2", "kW/m2"),
        ("ambient_temp__780", "temperature_c", None),
        ("module_temp_2", "temperature_c", None),
        ("Temperature (°F)", "temperature_c", "F"),
        ("Quality", "quality", None),
        ("org_id", "organization_id", None),
        ("interval_minutes", "interval_minutes", None),
        ("Zeitstempel", "timestamp", None),
        ("Datum/Uhrzeit", "timestamp", None),
        ("Zeit (UTC)", "timestamp", "UTC"),
        ("Horodatage", "timestamp", None),
        ("Fecha y hora", "timestamp", None),
        ("Data/Ora", "timestamp", None),
        ("Tijdstip", "timestamp", None),
        ("Ertrag [kWh]", "energy", "kWh"),
        ("\u00c9nergie produite (Wh)", "energy", "Wh"),
        ("Producci\u00f3n kWh", "energy", "kWh"),
        ("Energia prodotta", "energy", None),
        ("Opbrengst", "energy", None),
        ("Gesamtertrag", "energy_total", None),
        ("Z\u00e4hlerstand [kWh]", "energy_total", "kWh"),
        ("Wirkleistung [W]", "power", "W"),
        ("Puissance active (kW)", "power", "kW"),
        ("Potencia", "power", None),
        ("Potenza kW", "power", "kW"),
        ("Vermogen", "power", None),
        ("Bestrahlungsst\u00e4rke [W/m\u00b2]", "irradiance_wm2", "W/m2"),
        ("Umgebungstemperatur (\u00b0C)", "temperature_c", "C"),
        ("Temp\u00e9rature ambiante", "temperature_c", None),
        ("Wechselrichter", "external_device_id", None),
    ],
)
def test_alias(header, column, unit):
    found = map_columns([header], FileHints()).used
    assert {name: match.unit for name, match in found.items()} == {column: unit}


@pytest.mark.parametrize(
    "header",
    [
        "Tagesertrag",
        "Energie du jour",
        "DC-Leistung",
        "e_day",
        "e_day_kwh",
        "dc_power",
        "dc_power__772",
        "energy_kw",
        "power_kwh",
        "ghi_kwh_m2",
        "meas_val_f",
        "c",
    ],
)
def test_header_that_means_something_else_is_not_mapped(header):
    assert mapped(header) == {}


@pytest.mark.parametrize(
    ("headers", "column", "winner"),
    [
        (("ghi", "poa"), "irradiance_wm2", "poa"),
        (("module_temp_1", "ambient_temp"), "temperature_c", "ambient_temp"),
        (("module_temp_2", "module_temp_1"), "temperature_c", "module_temp_1"),
        (("energy", "energy_kwh"), "energy", "energy_kwh"),
        (("value", "energy"), "energy", "energy"),
        (("date", "timestamp"), "timestamp", "timestamp"),
        (("interval_end", "interval_start"), "timestamp", "interval_start"),
    ],
)
def test_preference_among_headers_of_one_column(headers, column, winner):
    assert mapped(*headers)[column] == winner
    assert mapped(*reversed(headers))[column] == winner


def test_column_map_of_the_client_wins():
    hints = {"columns": {"Erzeugung": "energy_kwh", "energy": None}}
    found = map_columns(["energy", "Erzeugung"], FileHints(**hints))
    assert found.used["energy"].header == "Erzeugung"
    assert found.used["energy"].unit == "kWh"
    assert found.others == ()


def test_column_map_tells_channels_apart():
    assert mapped("ac_power__1", "ac_power__2", columns={"ac_power__2": "power"})["power"] == "ac_power__2"


def test_column_map_to_an_unknown_column_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="energy_unit"):
        mapped("x", columns={"x": "wattage_of_sun"})


def test_unknown_headers_stay_in_other_metrics(rows_of):
    row = rows_of(f"timestamp,energy,e_day,Note,flag,empty\n{NOW},1,12.50,Hi \u00fc,007,\n")[0]
    assert row["other_metrics"] == {"e_day": 12.5, "Note": "Hi ü", "flag": "007"}


def test_json_types_survive_in_other_metrics(rows_of):
    record = {"timestamp": NOW, "power": 1, "ok": True, "n": 3, "f": 0.1, "s": "x", "none": None, "deep": {"a": 1}}
    assert rows_of(json.dumps([record]), "a.json")[0]["other_metrics"] == {"ok": True, "n": 3, "f": 0.1, "s": "x"}


@pytest.mark.parametrize("header", ["date_of_birth,energy", "timestamp,e_day", "site,meas_name,ts,sensor,meas_val_f"])
def test_header_without_time_or_metric_is_refused_with_what_was_found(rows_of, header):
    with pytest.raises(FileRejected) as rejected:
        rows_of(f"{header}\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert rejected.value.code == "F007_HEADER"
    assert all(name in rejected.value.message for name in header.split(","))
    assert rejected.value.remedy


def test_unnamed_index_is_a_time_stamp_when_it_holds_some(rows_of):
    assert rows_of(f",power\n{NOW},1\n")[0]["interval_start"]
    with pytest.raises(FileRejected, match="F007_HEADER"):
        rows_of(",power\n0,1\n")


def test_row_unit_applies_to_energy_and_blank_means_absent(rows_of):
    rows = rows_of(f"timestamp,energy,power,unit\n{NOW},1,5,kWh\n{NOW},1,5,\n{NOW},1,5,MWh\n")
    assert [row["energy_unit"] for row in rows] == ["kWh", None, "MWh"]
    assert {row["power_unit"] for row in rows} == {None}
    assert not codes(rows)


def test_row_unit_against_the_header_is_refused(rows_of):
    rows = rows_of(f"timestamp,energy_wh,unit\n{NOW},1,kWh\n{NOW},1,WH\n{NOW},1,\n")
    assert codes(rows) == {1: {"unit": "R205_UNIT_CONFLICT"}}
    assert rows[2]["energy_unit"] == "Wh"


def test_declared_units_fill_in_for_silent_headers(rows_of):
    row = rows_of(
        f"timestamp,energy,power_w,temp\n{NOW},1,2,50\n", units={"energy": "kWh", "power": "kW", "temperature_c": "F"}
    )[0]
    assert (row["energy_unit"], row["power_unit"], row["temperature_c"]) == ("kWh", "W", 10.0)


@pytest.mark.parametrize("name", ["energy", "energy_wh"])
def test_our_column_names_say_nothing_about_delivered_units(rows_of, name):
    columns = {"Menge": name}
    assert rows_of(f"ts,Menge\n{NOW},1\n", columns=columns, units={name: "kWh"})[0]["energy_unit"] == "kWh"
    assert rows_of(f"ts,Menge\n{NOW},1\n", columns={"Menge": "energy_kwh"})[0]["energy_unit"] == "kWh"
    assert rows_of(f"ts,Ertrag (kWh)\n{NOW},1\n", columns={"Ertrag (kWh)": name})[0]["energy_unit"] == "kWh"


def test_unit_of_an_unknown_column_is_a_configuration_error(rows_of):
    with pytest.raises(ConfigurationError, match="ennergy"):
        rows_of(f"ts,power\n{NOW},1\n", units={"ennergy": "kWh"})


def test_irradiance_and_temperature_are_converted(rows_of):
    row = rows_of(f"timestamp,irradiance_kw_m2,temp_f\n{NOW},0.75,212\n")[0]
    assert (row["irradiance_wm2"], row["temperature_c"]) == (750, 100)


@pytest.mark.parametrize("name", ["rows.csv", "rows.json", "envelope.json"])
def test_rows_of_another_organization_reject_the_file(rows_of, name):
    content = {
        "rows.csv": f"timestamp,power,organization_id\n{NOW},1,1\n{NOW},1,2\n",
        "rows.json": json.dumps([{"timestamp": NOW, "power": 1, "organization_id": 2}]),
        "envelope.json": json.dumps({"data": [{"timestamp": NOW, "power": 1}], "organization_id": 2}),
    }[name]
    with pytest.raises(FileRejected) as rejected:
        rows_of(content, name, organization_id=1)
    assert rejected.value.code == "F008_TENANT_MISMATCH"
    assert rows_of(content.replace("2}", "1}").replace("1,2\n", "1,1\n"), name, organization_id=1)


def test_members_around_a_wrapped_array_fill_in_for_its_records(rows_of):
    records = [{"timestamp": NOW, "energy": 1}, {"timestamp": LATER, "energy": 1, "site_id": "own"}]
    envelope = {
        "unit": "kWh",
        "timestamp": "2030-01-01",
        "readings": records[:1],
        "site_id": "S1",
        "interval_seconds": 900,
    }
    row = rows_of(json.dumps(envelope), "a.json")[0]
    assert (row["external_site_id"], row["energy_unit"], row["interval_seconds"]) == ("S1", "kWh", 900)
    assert row["interval_start"].year == 2026
    rows = rows_of(json.dumps({"site_id": "S1", "data": records}), "a.json")
    assert [row["external_site_id"] for row in rows] == ["S1", "own"]


def test_keys_that_appear_later_do_not_replace_a_choice(rows_of):
    records = [{"timestamp": NOW, "ghi": 1}] * 20_000 + [{"timestamp": NOW, "ghi": 1, "poa": 2, "power": 3}]
    rows = rows_of(json.dumps(records), "a.json")
    assert {row["irradiance_wm2"] for row in rows} == {1}
    assert rows[-1]["other_metrics"] == {"poa": 2}
    assert rows[-1]["power"] == 3


@pytest.mark.parametrize(
    "header", ["timestamp,power,added", "timestamp,power", "power,timestamp", "reading_timestamp,ac_power"]
)
def test_changed_headers_change_nothing_silently(rows_of, header):
    values = {"timestamp": NOW, "reading_timestamp": NOW, "power": "5", "ac_power": "5", "added": "x"}
    row = rows_of(f"{header}\n" + ",".join(values[name] for name in header.split(",")) + "\n")[0]
    assert row["power"] == 5
    assert row["interval_start"]
    assert row["other_metrics"] == ({"added": "x"} if "added" in header else None)


def test_retyped_column_is_reported_in_every_row(rows_of):
    assert codes(rows_of(f"timestamp,power\n{NOW},high\n{LATER},low\n")) == {
        1: {"power": "R201_NOT_NUMERIC"},
        2: {"power": "R201_NOT_NUMERIC"},
    }


def test_equal_headers_do_not_overwrite_each_other(rows_of):
    row = rows_of(f"timestamp,power,power\n{NOW},1,2\n")[0]
    assert (row["power"], row["other_metrics"]) == (1, {"power (2)": 2})


def test_records_without_a_time_are_kept_and_reported(rows_of):
    records = [{"end_at": NOW, "power": 1, "interval_seconds": 900}] * 16_384 + [{"power": 2}, {"site": "\ud800"}]
    rows = rows_of(json.dumps(records), "a.json", default_site="S")[-3:]
    assert [row["power"] for row in rows] == [1, 2, None]
    assert [row["external_site_id"] for row in rows] == ["S", "S", None]
    assert [list(found.values())[-1] for found in codes(rows).values()] == ["R101_TS_MISSING"] * 2
