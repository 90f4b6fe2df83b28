"""Cells of billing systems to raw rows: names, numbers, days, and what is noted of cells that cannot be read."""

import gzip
import json
from datetime import date

import pyarrow as pa
import pytest

from include.core.errors import ConfigurationError, FileRejected
from include.core.records import FileHints
from include.sources import billing


@pytest.fixture
def rows(tmp_path):
    """Parse content with an adapter; returns raw rows."""

    def parse(content, adapter: str = "cbe", name: str = "billing.json", **hints) -> list[dict]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        batches = list(billing.read(path, name, billing.adapter(adapter), FileHints(**hints)))
        assert all(batch.schema == billing.RAW_SCHEMA for batch in batches)
        return pa.Table.from_batches(batches).to_pylist()

    return parse


def flaws(row: dict) -> dict[str, str]:
    return {name: flaw["code"] for name, flaw in json.loads(row["unparsed"] or "{}").items()}


def test_every_adapter_of_the_registry_can_be_used():
    assert set(billing.REGISTRY) == {"cbe", "generic"}
    assert [billing.adapter(name).NAME for name in billing.REGISTRY] == list(billing.REGISTRY)
    assert (billing.adapter_of("snowflake"), billing.adapter_of("manual")) == ("cbe", "generic")
    with pytest.raises(ConfigurationError, match="cbe or generic"):
        billing.adapter("sap")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: [one],
        lambda one: one,
        lambda one: {"readings": [one], "metadata": {"sent_by": "erp"}},
        lambda one: {name.lower(): cell for name, cell in one.items()},
    ],
)
def test_lists_objects_and_wrappers_in_either_case_read_the_same(rows, wrap):
    one = {"BILL_DATE": "2026-01-31", "CONTRACT_LINE_UNIQUE_ID": "L1", "OPENING_READING": 0, "CLOSING_READING": "12.5"}
    (row,) = rows(wrap(one))
    assert (row["bill_on"], row["external_line_id"], row["opening_reading"], row["closing_reading"]) == (
        date(2026, 1, 31), "L1", 0.0, 12.5,
    )  # fmt: skip
    assert (row["tariff_group_key"], row["utilized_reading"], row["unparsed"]) == ("L1", None, None)


def test_two_spellings_of_a_name_in_one_delivery_fill_each_other(rows):
    found = rows([{"BILL_DATE": "2026-01-31"}, {"bill_date": "2026-02-28"}])
    assert [row["bill_on"] for row in found] == [date(2026, 1, 31), date(2026, 2, 28)]


def test_csv_with_a_mark_and_grouped_thousands_and_gzip(rows):
    text = '\ufeffBILL_DATE,OPENING_READING,CLOSING_READING\r\n2026/1/31,"1,000","30,000,000.5"\r\n'
    (row,) = rows(gzip.compress(text.encode()), name="extract.csv.gz")
    assert (row["bill_on"], row["opening_reading"], row["closing_reading"]) == (date(2026, 1, 31), 1000.0, 30000000.5)


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("1,000", None, 1000.0),
        ("1.000", None, 1.0),
        ("1,5", None, "B201_NOT_NUMERIC"),
        ("1,5", ",", 1.5),
        ("1.000,5", ",", 1000.5),
        ("1,000.5", ",", "B201_NOT_NUMERIC"),
        ("0", None, 0.0),
        ("-0.0", None, 0.0),
        ("", None, None),
        (None, None, None),
        ("n/a", None, None),
        ("one", None, "B201_NOT_NUMERIC"),
        (True, None, "B201_NOT_NUMERIC"),
        ([1], None, "B201_NOT_NUMERIC"),
        ("nan", None, "B202_NOT_FINITE"),
        (float("nan"), None, "B202_NOT_FINITE"),
        (float("inf"), None, "B202_NOT_FINITE"),
        ("-Infinity", None, "B202_NOT_FINITE"),
        ("1e400", None, "B202_NOT_FINITE"),
    ],
)
def test_a_number_is_what_it_says_or_refused_with_a_code(rows, text, mark, expected):
    (row,) = rows([{"BILL_DATE": "2026-01-31", "CLOSING_READING": text}], decimal_mark=mark)
    if isinstance(expected, str):
        assert row["closing_reading"] is None
        assert flaws(row) == {"closing_reading": expected}
    else:
        assert (row["closing_reading"], flaws(row)) == (expected, {})


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-01-31", None, date(2026, 1, 31)),
        ("2026/01/31", None, date(2026, 1, 31)),
        ("2026/1/3", "DMY", date(2026, 1, 3)),
        ("2026-01-31T00:00:00", None, date(2026, 1, 31)),
        ("2026-01-31 23:59:59+14:00", None, date(2026, 1, 31)),
        ("31/01/2026", "DMY", date(2026, 1, 31)),
        ("01/31/2026", "MDY", date(2026, 1, 31)),
        ("01/02/2026", None, "R105_TS_AMBIGUOUS"),
        ("31/01/2026", None, "R105_TS_AMBIGUOUS"),
        ("31/01/2026", "MDY", "B102_DATE_FORMAT"),
        ("2026-02-29", None, "B102_DATE_FORMAT"),
        ("46053", None, "B102_DATE_FORMAT"),
        ("1769817600", None, "B102_DATE_FORMAT"),
        ("January", None, "B102_DATE_FORMAT"),
        ("", None, None),
    ],
)
def test_a_day_is_read_without_guessing(rows, text, order, expected):
    (row,) = rows([{"BILL_DATE": text, "CLOSING_READING": 1}], date_order=order)
    if isinstance(expected, str):
        assert (row["bill_on"], flaws(row)) == (None, {"bill_date": expected})
    else:
        assert (row["bill_on"], flaws(row)) == (expected, {})


@pytest.mark.parametrize(
    ("rows_in", "expected"),
    [
        ([{"METERED_AVAILABLE": "Metered", "BILL_DATE": "x"}], "Metered"),
        ([{"METERED_AVAILABLE": "", "BILL_DATE": "x"}], ""),
        ([{"METERED_AVAILABLE": None, "BILL_DATE": "x"}], ""),
        ([{"BILL_DATE": "x"}], None),
    ],
)
def test_an_empty_word_differs_from_no_column(rows, rows_in, expected):
    assert rows(rows_in)[0]["energy_category"] == expected


def test_words_are_kept_beside_the_row_as_delivered(rows):
    one = {
        "BILL_DATE": "2026-01-31", "CLOSING_READING": 5, "CUSTOMER_NUMBER": "C-7", "TAX_RULE": "VAT",
        "DIM_X": "a\u0000b", "PAYMENT_TERMS": "30NET", "CONTRACT_CURRENCY": "usd",
        "PRODUCT_DESC": "Energie é", "FACILITY": "",
    }  # fmt: skip
    (row,) = rows([one])
    kept = json.loads(row["source_metadata"])
    assert (kept["customer_number"], kept["tax_rule"], kept["payment_terms"]) == ("C-7", "VAT", "30NET")
    assert (kept["product_desc"], kept["dim_x"]) == ("Energie é", "a\\u0000b")
    assert not {"closing_reading", "bill_date", "facility"} & kept.keys()
    assert row["currency_code"] == "usd"


def test_text_that_cannot_be_stored_costs_its_row_only(rows):
    found = rows([{"CONTRACT_LINE_UNIQUE_ID": "L\u0000", "BILL_DATE": "2026-01-31"}, {"BILL_DATE": "2026-02-28"}])
    assert flaws(found[0])["external_line_id"] == "B204_TEXT"
    assert found[1]["bill_on"] == date(2026, 2, 28)


def test_a_line_with_too_many_cells_is_a_row_that_says_so(rows):
    text = b"BILL_DATE,CONTRACT_LINE_UNIQUE_ID,CLOSING_READING\n2026-01-31,L1,1\n2026-01-31,L2,1,9\n2026-01-31,L3,1\n"
    found = rows(text, name="a.csv")
    assert [row["external_line_id"] for row in found] == ["L1", None, "L3"]
    assert flaws(found[1]) == {"row": "B203_FIELD_COUNT"}


@pytest.mark.parametrize(
    ("cells", "start", "end"),
    [
        ({"period_start": "2026-02-01"}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"period_start": "2028-02-10"}, date(2028, 2, 10), date(2028, 2, 29)),
        ({"period_start": "2026-12-01"}, date(2026, 12, 1), date(2026, 12, 31)),
        ({"period_start": "2026-02-01", "period_end": "2026-02-14"}, date(2026, 2, 1), date(2026, 2, 14)),
        ({"period_start": "2026-02-01", "period_end": "soon"}, date(2026, 2, 1), None),
        ({"billing_period_id": 7}, None, None),
    ],
)
def test_a_generic_period_ends_as_said_or_with_its_month(rows, cells, start, end):
    (row,) = rows([{"total_production_kwh": 1, "meter_id": "12", **cells}], "generic")
    assert (row["period_start_on"], row["bill_on"], row["meter_id"]) == (start, end, 12)


def test_ids_of_a_generic_row_are_whole_numbers(rows):
    (row,) = rows(
        [{"contract_line_id": 4.0, "billing_period_id": "x", "tariff_id": -1, "total_production_kwh": 0}], "generic"
    )
    assert (row["contract_line_id"], row["billing_period_id"], row["total_production"]) == (4, None, 0.0)
    assert flaws(row) == {"billing_period_id": "B201_NOT_NUMERIC", "tariff_id": "B201_NOT_NUMERIC"}


def test_a_delivery_of_something_else_is_refused(rows):
    with pytest.raises(FileRejected, match="F007"):
        rows([{"timestamp": "2026-01-01", "energy_wh": 1}])


def test_cells_are_given_back_as_delivered(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"BILL_DATE": "x", "CLOSING_READING": "1,000", "Odd": 1.50}, {"BILL_DATE": "y"}]')
    assert list(billing.cells(path, "a.json", FileHints(), {1})) == [
        (1, {"BILL_DATE": "x", "CLOSING_READING": "1,000", "Odd": "1.5"})
    ]
