"""A table in the place of the profiled view, sound rows for it, and for every rule the least that breaks it."""

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from include.judging.rows import judge_loads
from include.judging.verdict import Verdict

STAGED_ON = date(2026, 5, 1)
TABLE = ("intermediate", "int_readings__profiled")
COLUMNS = {
    **dict.fromkeys(("load_id", "row_number", "duplicate_rank", "flat_run_seconds"), "bigint"),
    "staged_on": "date",
    **dict.fromkeys(
        (
            "timestamp_code",
            "not_numeric_columns",
            "not_finite_columns",
            "text_problem_columns",
            "field_count_problem",
            "interval_problem",
            "unknown_unit",
            "grid_problem",
            "unmapped_device",
            "unmeasured_quality",
            "quality",
        ),
        "text",
    ),
    **dict.fromkeys(
        (
            "age_seconds",
            "energy_under_floor_wh",
            "energy_over_limit_wh",
            "power_under_floor_w",
            "power_over_limit_w",
            "irradiance_wm2",
            "irradiance_offset_wm2",
            "irradiance_edge_wm2",
            "temperature_c",
            "energy_power_gap_percent",
            "sun_elevation_deg",
        ),
        "numeric",
    ),
}
SOUND = {
    "quality": "measured",
    "age_seconds": 600,
    "energy_under_floor_wh": -250,
    "energy_over_limit_wh": -7000,
    "power_under_floor_w": -1000,
    "power_over_limit_w": -28000,
    "irradiance_wm2": 640.5,
    "temperature_c": 21,
    "energy_power_gap_percent": 0.4,
    "duplicate_rank": 1,
    "flat_run_seconds": 900,
    "sun_elevation_deg": 35,
}
# the least that breaks a rule, and nothing else
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"timestamp_code": "R101_TS_MISSING", "age_seconds": None}, "R101_TS_MISSING"),
    ({"timestamp_code": "R102_TS_FORMAT", "age_seconds": None}, "R102_TS_FORMAT"),
    ({"age_seconds": -301}, "R103_TS_FUTURE"),
    ({"age_seconds": 315576001}, "R104_TS_TOO_OLD"),
    ({"timestamp_code": "R105_TS_AMBIGUOUS", "age_seconds": None}, "R105_TS_AMBIGUOUS"),
    ({"timestamp_code": "R106_TS_NONEXISTENT", "age_seconds": None}, "R106_TS_NONEXISTENT"),
    ({"grid_problem": "starts 420 s after a grid point, expected 0 s"}, "R107_TS_MISALIGNED"),
    ({"timestamp_code": "R108_TS_NO_ZONE", "age_seconds": None}, "R108_TS_NO_ZONE"),
    ({"not_numeric_columns": "energy"}, "R201_NOT_NUMERIC"),
    ({"not_finite_columns": "energy,power"}, "R202_NOT_FINITE"),
    ({"field_count_problem": "7 cells, expected 8", "age_seconds": None}, "R203_FIELD_COUNT"),
    ({"text_problem_columns": "quality"}, "R204_TEXT"),
    ({"unknown_unit": "kcal"}, "R205_UNIT_UNKNOWN"),
    ({"energy_under_floor_wh": 0.000001}, "R301_ENERGY_RANGE"),
    ({"energy_over_limit_wh": 0.000001}, "R301_ENERGY_RANGE"),
    ({"power_under_floor_w": 1}, "R302_POWER_RANGE"),
    ({"power_over_limit_w": 1}, "R302_POWER_RANGE"),
    ({"irradiance_wm2": -10.000001}, "R303_IRRADIANCE_RANGE"),
    ({"irradiance_wm2": 1800.000001}, "R303_IRRADIANCE_RANGE"),
    ({"temperature_c": -50.1}, "R304_TEMPERATURE_RANGE"),
    ({"temperature_c": 100.1}, "R304_TEMPERATURE_RANGE"),
    ({"duplicate_rank": 2}, "R401_DUP_IN_FILE"),
    ({"unmapped_device": ""}, "R501_SITE_UNMAPPED"),
    ({"unmeasured_quality": "measured"}, "R502_NO_METRIC"),
    ({"quality": None}, "R503_QUALITY_VALUE"),
    ({"interval_problem": ""}, "R504_INTERVAL_VALUE"),
    ({"energy_power_gap_percent": 26}, "W601_ENERGY_POWER_MISMATCH"),
    ({"energy_power_gap_percent": 2.001}, "W601_ENERGY_POWER_MISMATCH"),
    ({"flat_run_seconds": 21600}, "W602_FLATLINE"),
    ({"sun_elevation_deg": -6.01}, "W603_NIGHT_GENERATION"),
    ({"irradiance_wm2": -0.5, "irradiance_offset_wm2": -0.5}, "W604_IRRADIANCE_OFFSET"),
    ({"irradiance_wm2": 1650, "irradiance_edge_wm2": 1650}, "W605_IRRADIANCE_EDGE"),
]
# on the edge, and still right
EDGES: list[dict[str, Any]] = [
    {"age_seconds": -300},
    {"age_seconds": 315576000},
    {"energy_over_limit_wh": 0, "power_over_limit_w": 0},
    {"energy_under_floor_wh": 0, "power_under_floor_w": 0},
    {"irradiance_wm2": -10},
    {"irradiance_wm2": 1800},
    {"temperature_c": -50},
    {"temperature_c": 100},
    {"energy_power_gap_percent": 2},
    {"flat_run_seconds": 21599},
    {"sun_elevation_deg": -6},
    dict.fromkeys(set(SOUND) - {"quality"}),
]


class Readings:
    """A table in the shape of the profiled view; every load gets a number of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._load_ids = itertools.count(1)
        self._connection = psycopg.connect(url, autocommit=True)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in COLUMNS.items()
        )
        self._connection.execute("create schema intermediate")
        self._connection.execute(sql.SQL("create table intermediate.int_readings__profiled ({})").format(columns))

    def load(self, *faults: dict[str, Any]) -> int:
        """Store one sound row per entry, changed as the entry says; rows are numbered from 1."""
        load_id = next(self._load_ids)
        into_table = "copy intermediate.int_readings__profiled from stdin"
        with self._connection.cursor() as cursor, cursor.copy(into_table) as copy:
            for row_number, fault in enumerate(faults, 1):
                row = {**SOUND, "load_id": load_id, "staged_on": STAGED_ON, "row_number": row_number, **fault}
                copy.write_row([row.get(name) for name in COLUMNS])
        return load_id

    def judge(self, load_id: int, names: Sequence[str] = ("readings", "solaredge")) -> Verdict:
        """Judge one load."""
        return self.judge_together([load_id], names)[load_id]

    def judge_together(
        self, load_ids: Sequence[int], names: Sequence[str] = ("readings", "solaredge")
    ) -> dict[int, Verdict]:
        """Judge several loads at once."""
        with psycopg.connect(self.url) as connection:
            return judge_loads(connection, TABLE, dict.fromkeys(load_ids), names)

    def close(self) -> None:
        """Leave the server alone again."""
        self._connection.close()
