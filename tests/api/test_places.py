"""A refused cell is named as the client named it, in whatever language or column map that was."""

import pytest

from include.api import places
from include.pipeline import feeds

READING = {"feed": "file_reading", "hints": {}}
BILLING = {"feed": "billing_read", "hints": {}}


def place(load, column, row):
    return places.of(column, row, feeds.headers(load, tuple(row)))


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("interval_start", ("Zeitstempel", "gestern")),
        ("energy_wh", ("Ertrag [kWh]", "1,75")),
        ("not_numeric_columns", ("Leistung", "viel")),
        ("external_device_id", ("Wechselrichter", "WR 1")),
        ("unknown_unit", ("Ertrag [kWh]", "1,75")),
        ("field_count_problem", (None, None)),
        ("sun_elevation_deg", ("sun_elevation_deg", None)),
    ],
)
def test_a_german_file(column, found):
    row = {"Zeitstempel": "gestern", "Ertrag [kWh]": "1,75", "Leistung": "viel", "Wechselrichter": "WR 1"}
    assert place(READING, column, row) == found


def test_a_mapped_column():
    load = {**READING, "hints": {"columns": {"E_DEL": "energy_mwh"}}}
    assert place(load, "energy_wh", {"E_DEL": "9", "T": "x"}) == ("E_DEL", "9")


def test_a_cell_that_could_mean_two_numbers_is_the_only_one_it_can_be():
    assert place(READING, "not_numeric_columns", {"timestamp": "x", "energy": "1,234"}) == ("energy", "1,234")


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("bill_date", ("BILL_DATE", "31/01/2026")),
        ("contract_line_unique_id", ("CONTRACT_LINE_UNIQUE_ID", "L")),
        ("energy_category", ("METERED_AVAILABLE", "odd")),
        ("currency", ("CONTRACT_CURRENCY", "usd")),
        ("closing_reading", ("CLOSING_READING", "5")),
        ("not_finite_columns", ("OPENING_READING", "1e300")),
        ("utilized_reading", ("utilized_reading", None)),
    ],
)
def test_a_bill(column, found):
    row = {
        "BILL_DATE": "31/01/2026",
        "CONTRACT_LINE_UNIQUE_ID": "L",
        "METERED_AVAILABLE": "odd",
        "CONTRACT_CURRENCY": "usd",
        "OPENING_READING": "1e300",
        "CLOSING_READING": "5",
    }
    assert place(BILLING, column, row) == found
