"""Files of real plants: slices with sums added up independently, and the full files where they are at hand."""

import gzip
from pathlib import Path

import pytest

from include.core.errors import FileRejected
from tests.unit.files.conftest import codes

SLICES = Path(__file__).parents[2] / "fixtures" / "files"
FULL = Path(__file__).parents[4] / "shared" / "data"
LONG_FORM = {
    "columns": {
        "site": "external_site_id",
        "meas_name": None,
        "ts": "timestamp",
        "sensor": "external_device_id",
        "meas_val_f": "power",
    },
    "units": {"power": "kW"},
    "null_values": ("-1000000",),
    "time_zone": "UTC",
}


def total(rows, column):
    return round(sum(row[column] for row in rows if row[column] is not None), 4)


def test_east_roof(rows_of):
    rows = rows_of((SLICES / "serf_east_day.csv").read_bytes(), "serf_east_day.csv")
    assert len(rows) == 96
    assert total(rows, "power") == 65481.0018
    assert round(sum(row["power"] for row in rows if row["power"] > 0), 4) == 65602.5065
    assert rows[0]["interval_start"].isoformat() == "2016-07-01T07:00:00+00:00"
    assert rows[-1]["interval_start"].isoformat() == "2016-07-02T06:45:00+00:00"
    assert {row["interval_seconds"] for row in rows} == {900}
    assert not codes(rows)


def test_west_roof(rows_of):
    rows = rows_of((SLICES / "serf_west_day.csv").read_bytes(), "serf_west_day.csv", time_zone="US/Mountain")
    sums = [total(rows, name) for name in ("power", "temperature_c", "irradiance_wm2")]
    assert sums == [99990.1269, 153.3541, 25208.4913]
    assert rows[0]["interval_start"].isoformat() == "2022-01-02T07:01:00+00:00"
    assert {row["interval_seconds"] for row in rows} == {900}
    assert rows[0]["other_metrics"]["dc_power__772"] == 0.0
    assert rows[0]["other_metrics"]["module_temp_1__781"] == -6.4187
    assert len(rows[0]["other_metrics"]) == 12


def test_inverter_in_long_form(rows_of):
    rows = rows_of((SLICES / "sunny_boy_sentinel.csv.gz").read_bytes(), "sunny_boy.csv.gz", **LONG_FORM)
    assert len(rows) == 61
    assert total(rows, "power") == 61.6356
    assert [row["row_number"] for row in rows if row["power"] is None] == [29]
    assert {row["power_unit"] for row in rows} == {"kW"}
    assert {row["external_device_id"] for row in rows} == {"1913110809_SMA-SB-7000TL-US-22"}
    assert {row["interval_seconds"] for row in rows} == {300}


def test_long_form_with_several_quantities_is_refused(rows_of):
    lines = gzip.decompress((SLICES / "sunny_boy_sentinel.csv.gz").read_bytes()).decode()
    columns = {name: column for name, column in LONG_FORM["columns"].items() if column}
    hints = LONG_FORM | {"columns": columns}
    assert total(rows_of(lines, **hints), "power") == 61.6356
    with pytest.raises(FileRejected, match="'ac_power', 'dc_power'") as rejected:
        rows_of(lines.replace("ac_power", "dc_power", 1), **hints)
    assert rejected.value.code == "F007_HEADER"


@pytest.mark.parametrize(
    ("name", "hints", "count", "power"),
    [
        ("serf_east_15min_ac_power.csv", {}, 10_000, 11753423.3126),
        ("serf_west_15min.csv", {"time_zone": "US/Mountain"}, 480, 403246.8814),
        ("TAEFC1044741.csv.gz", LONG_FORM, 34_582, 83923.5537),
    ],
)
def test_full_files(rows_of, name, hints, count, power):
    if not (FULL / name).exists():
        pytest.skip("the full files are not shipped")
    rows = rows_of((FULL / name).read_bytes(), name, **hints)
    assert len(rows) == count
    assert total(rows, "power") == power
    assert len({row["interval_start"] for row in rows}) == count
    assert not codes(rows)
