"""What delivered rows look like once they are in canonical units."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from astral import Observer
from astral.sun import elevation
from jinja2 import Environment

from include.core.settings import PROJECT_ROOT

MACROS = PROJECT_ROOT / "dbt_project" / "macros" / "expressions"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def profiled(world, load: int) -> list[dict]:
    return world.rows(
        "select * from intermediate.int_readings__profiled where load_id = %s and staged_on = current_date "
        "order by row_number",
        load,
    )


@pytest.fixture
def plant(world):
    world.organization()
    project = world.project(1, installed_ac_capacity_kw=100)
    world.meter(project, "A", rated_power_w=10_000)
    return project


def test_units_come_from_the_unit_table(world, plant) -> None:
    cases = [
        ("1.5", "MWh", 1_500_000),
        ("1.5", " kwh ", 1500),
        ("1.5", None, 1.5),
        ("1.5", "", 1.5),
        ("1.5", "GWH", 1.5e9),
    ]
    load = world.load(
        [
            {"external_device_id": "A", "interval_start": NOON, "energy": float(value), "energy_unit": unit}
            for value, unit, _ in cases
        ]
        + [
            {"external_device_id": "A", "interval_start": NOON, "energy": 1, "energy_unit": "BTU"},
            {"external_device_id": "A", "interval_start": NOON, "energy": 1, "energy_unit": "kW"},
        ]
    )
    rows = world.rows("select * from staging.stg_files__readings where load_id = %s order by row_number", load)
    assert [row["energy_wh"] for row in rows[:5]] == [Decimal(str(wh)) for *_, wh in cases]
    assert [(row["energy_wh"], row["unknown_unit"]) for row in rows[5:]] == [(None, "BTU"), (None, "kW")]


def test_power_stands_in_for_energy_that_was_not_delivered(world, plant) -> None:
    load = world.load(
        [
            {"external_device_id": "A", "interval_start": NOON, "power": 2, "power_unit": "kW"},
            {"external_device_id": "A", "interval_start": NOON, "power": 2000, "energy": 1},
            {"external_device_id": "A", "interval_start": NOON, "power": 2000, "energy_total": 1},
        ]
    )
    rows = profiled(world, load)
    assert [row["energy_wh"] for row in rows] == [500, 1, None]
    assert [row["quality"] for row in rows] == ["estimated", "measured", "measured"]
    assert rows[0]["other_metrics"] == {"energy_basis": "power"}


@pytest.mark.parametrize(
    ("delivered", "metric", "quality"),
    [
        (None, 1, "measured"),
        (" ", 1, "measured"),
        (None, None, "missing"),
        ("Measured", 1, "measured"),
        ("INTERPOLATED", 1, "estimated"),
        ("estimated", 1, "estimated"),
        ("None", 1, "missing"),
        ("null", 1, "missing"),
        ("guessed", 1, None),
    ],
)
def test_quality_words(world, plant, delivered, metric, quality) -> None:
    load = world.load([{"external_device_id": "A", "interval_start": NOON, "energy": metric, "quality": delivered}])
    assert profiled(world, load)[0]["quality"] == quality


def test_an_unmapped_device_never_falls_back_to_the_site(world, plant) -> None:
    world.meter(plant, "", name="site")
    load = world.load(
        [{"external_device_id": device, "interval_start": NOON, "energy": 1} for device in ("A", "B", None)]
    )
    rows = profiled(world, load)
    assert rows[1]["meter_id"] is None
    assert rows[0]["meter_id"] != rows[2]["meter_id"]
    assert rows[2]["external_device_id"] == ""


def test_nothing_in_raw_can_break_the_view(world, plant) -> None:
    worst = {
        "external_device_id": "A",
        "interval_start": "infinity",
        "interval_seconds": 0,
        "energy": float("nan"),
        "energy_total": 1e300,
        "energy_total_unit": "gwh",
        "power": float("inf"),
        "irradiance_wm2": -1e308,
        "temperature_c": 1e-300,
        "quality": "?",
    }
    load = world.load([{"external_device_id": "A", "interval_start": NOON, "energy": 1e308, "energy_unit": "gwh"}])
    world.connection.execute(
        "insert into raw.file_reading (load_id, staged_on, row_number, external_site_id, unparsed, other_metrics, "
        f"{', '.join(worst)}) values (%s, current_date, 2, 'S1', %s, %s, {', '.join(['%s'] * len(worst))}), "
        f"(%s, current_date, 3, null, '[1]', '3', {', '.join(['%s'] * len(worst))})",
        [
            load,
            r'{"energy": {"code": "R201_NOT_NUMERIC", "text": "a\u0000"}}',
            r'{"a": "\ud800"}',
            *worst.values(),
            load,
            *worst.values(),
        ],
    )
    huge, escaped, odd = world.rows(
        "select * from intermediate.int_readings__unified where load_id = %s order by row_number", load
    )
    assert huge["energy_wh"] > huge["energy_limit_wh"]
    assert escaped["text_problem_columns"] == "row,other_metrics"
    assert escaped["not_finite_columns"] == "energy,power,energy_total"
    assert escaped["timestamp_code"] == "R102_TS_FORMAT"
    assert (escaped["interval_problem"], escaped["reading_interval_seconds"]) == ("0", None)
    assert odd["text_problem_columns"] == "row,other_metrics"


def test_capacity_bounds_energy_and_power(world, plant) -> None:
    world.meter(plant, "N", rated_power_w=10_000, metering_type="net")
    world.meter(plant, "P")
    other = world.project(1, "unknown")
    world.meter(other, "U", site="S2")
    load = world.load(
        [
            {
                "external_device_id": device,
                "external_site_id": site,
                "interval_start": NOON,
                "energy": amount,
                "power": amount,
            }
            for device, site in (("A", "S1"), ("N", "S1"), ("P", "S1"), ("U", "S2"))
            for amount in (2e9, -2e9, 1)
        ]
    )
    rows = profiled(world, load)
    over, under, within = rows[0::3], rows[1::3], rows[2::3]
    assert [2e9 - float(row["energy_over_limit_wh"]) for row in over] == [3000, 3000, 30_000, 300_000_000]
    assert [2e9 - float(row["power_over_limit_w"]) for row in over] == [12_000, 12_000, 120_000, 1_200_000_000]
    assert [float(row["energy_under_floor_wh"]) - 2e9 for row in under] == [-25, -3000, -250, -2_500_000]
    assert {row["energy_over_limit_wh"] or row["power_under_floor_w"] for row in within} == {None}


def test_an_amount_at_its_bound_is_within_it(world, plant) -> None:
    """1.2 times 10 kW over 300 s is exactly 1,000 Wh; the sum of doubles that says so is not exact."""
    load = world.load(
        [
            {"external_device_id": "A", "interval_start": NOON, "interval_seconds": 300, "energy": energy}
            for energy in (1000, 1000.000001)
        ]
    )
    assert [row["energy_over_limit_wh"] or 0 for row in profiled(world, load)] == [0, Decimal("0.000001")]


def test_an_interval_off_its_grid_is_named(world, plant) -> None:
    load = world.load(
        [
            {"external_device_id": "A", "interval_start": NOON.replace(minute=minute), "energy": 1}
            for minute in (0, 7, 15)
        ]
    )
    assert [row["grid_problem"] is None for row in profiled(world, load)] == [True, False, True]
    world.connection.execute("""update ops.ingestion_log set grid_offsets = '{"S1/A": 420}'""")
    assert [row["grid_problem"] is None for row in profiled(world, load)] == [False, True, False]


def test_the_best_row_of_a_slot_comes_first(world, plant) -> None:
    load = world.load(
        [
            {"external_device_id": "A", "interval_start": NOON, "energy": 1, "quality": quality}
            for quality in ("measured", "measured", "estimated")
        ]
    )
    assert [row["duplicate_rank"] for row in profiled(world, load)] == [2, 1, 2]


def test_every_source_has_the_same_columns(world, plant) -> None:
    shapes = world.rows(
        "select array_agg(column_name || ' ' || data_type order by ordinal_position) as shape "
        "from information_schema.columns where table_schema = 'staging' and right(table_name, 10) = '__readings' "
        "group by table_name"
    )
    assert len(shapes) >= 2
    assert all(shape == shapes[0] for shape in shapes)


def test_solaredge_extras_stand_in_other_metrics(world, plant) -> None:
    world.device(1, "INV", source="solaredge")
    load = world.load(
        [
            {
                "external_device_id": "INV",
                "interval_start": NOON,
                "energy": 1,
                "energy_unit": "WH",
                "voltage_v": 230.5,
                "import_energy": 2,
                "meter_energy_unit": "KWH",
            }
        ],
        source="solaredge",
        feed="solaredge_reading",
    )
    (row,) = profiled(world, load)
    assert row["other_metrics"] == {"voltage_v": 230.5, "import_wh": 2000}


@pytest.mark.parametrize(
    ("latitude", "longitude", "at", "expected"),
    [
        (39.742476, -105.1786, "2003-10-17 19:30:30+00", 39.872046),  # the worked example of NREL/TP-560-34302
        (52.52, 13.405, "2026-06-21 11:08:00+00", 60.92),  # solstice noon: 90 - latitude + 23.44
        (0, 0, "2026-03-20 00:07:26+00", -89.9),  # equinox midnight on the equator
    ],
)
def test_sun_elevation(world, latitude, longitude, at, expected) -> None:
    found = world.value(
        "select core.sun_elevation_deg(%s::numeric, %s::numeric, %s::timestamptz)", latitude, longitude, at
    )
    assert found == pytest.approx(expected, abs=0.2)


def test_sun_elevation_agrees_with_a_kept_library(world) -> None:
    """Six places on all continents, a day of each month, every three hours; both formulas are good to 0.01 degree."""
    places = [(52.52, 13.405), (-33.87, 151.21), (0.0, -78.5), (69.65, 18.96), (27.72, 85.32), (-54.8, -68.3)]
    days = [datetime(year, month, 17, tzinfo=UTC) for year in (2024, 2026, 2031) for month in range(1, 13)]
    times = [day + timedelta(hours=hour) for day in days for hour in range(0, 24, 3)]
    points = [(latitude, longitude, at) for latitude, longitude in places for at in times]
    found = world.rows(
        "select core.sun_elevation_deg(lat, lon, at) as degrees "
        "from unnest(%s::numeric[], %s::numeric[], %s::timestamptz[]) with ordinality as p (lat, lon, at, n) "
        "order by n",
        *map(list, zip(*points, strict=True)),
    )
    gaps = [
        abs(row["degrees"] - elevation(Observer(lat, lon), at, with_refraction=False))
        for row, (lat, lon, at) in zip(found, points, strict=True)
    ]
    assert len(gaps) == 6 * 36 * 8
    assert max(gaps) < 0.05


@pytest.mark.parametrize(("latitude", "longitude"), [(0, -88), (-50, 178), (69.5, 20), (85, 0)])
def test_the_sun_is_looked_up_whenever_it_may_be_night(world, latitude, longitude) -> None:
    world.organization()
    world.meter(world.project(1, latitude=latitude, longitude=longitude), "A", rated_power_w=10_000)
    days = [datetime(2026, month, 21, tzinfo=UTC) for month in range(2, 13)]
    hours = [day + timedelta(hours=hour) for day in days for hour in range(24)]
    load = world.load([{"external_device_id": "A", "interval_start": at, "energy": 1000} for at in hours])
    for row in profiled(world, load):
        real = elevation(Observer(latitude, longitude), row["interval_start"], with_refraction=False)
        looked_up = row["sun_elevation_deg"] is not None
        assert (real < -6) <= looked_up <= (real < 4)
        assert not looked_up or abs(row["sun_elevation_deg"] - real) < 0.05


def test_an_amount_is_stored_as_postgresql_casts_it(world) -> None:
    """Doubles of all sizes, with few and many decimals, and those that lie just halfway between two millionths."""
    macro = Environment().from_string((MACROS / "exact_numeric.sql").read_text()).module.exact_numeric("amount")
    amounts = """
        select (random() - 0.5) * 10 ^ (random() * 20 - 8) as amount from generate_series(1, 20000)
        union all select round(random() * 1e15) / 1e6 * sign(random() - 0.5) from generate_series(1, 20000)
        union all select round(random() * 1e10) / 1e7 from generate_series(1, 20000)
        union all select (round(random() * 1e12) + 0.5) / 1e6 from generate_series(1, 20000)
        union all select unnest(array[0, null, 1e9, -1e9, 5e-7, 15e-7, 999999999.9999995, 9e12])
    """
    differing = world.rows(
        f"select * from (select amount, {macro} as stored from ({amounts}) as amounts) as both_ways "
        "where abs(amount) < 1e13 and stored is distinct from cast(amount as numeric(20, 6)) limit 5"
    )
    assert differing == []
    one = f"select {macro} from (values (0.1234565::double precision)) as v (amount)"
    assert world.value(one) == Decimal("0.123457")
