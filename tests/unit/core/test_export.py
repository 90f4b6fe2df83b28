"""Exported CSV opens without executing anything, and numbers stay numbers."""

import csv
import io
from decimal import Decimal

import pytest

from include.core.export import safe_cell, write_csv


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        *(
            (text, f"'{text}")
            for text in ("=1+1", "+1+1", "-1+1", "@SUM(A1)", " =1+1", "\t=1+1", "\r=1", "-cmd", "＝1+1")
        ),
        ("a\n=cmd|' /C calc'!A0", "a\n'=cmd|' /C calc'!A0"),
        ("fine;=1+1;b", "fine;'=1+1;b"),
        ("x; -2+3", "x;' -2+3"),
        ("=1;=2", "'=1;'=2"),
    ],
)
def test_formulas_are_neutralised_wherever_a_spreadsheet_may_start_a_cell(text, safe):
    assert safe_cell(text) == safe


@pytest.mark.parametrize(
    "value", [-5.2, 0, Decimal("-1.50"), None, True, "-5.2", "+3e4", "plain", "a=b", "2026-01-01", "a; b", ""]
)
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert safe_cell(value) == value


def test_an_export_reads_back_as_it_was_written():
    rows = [{"a": "=1", "b": Decimal("-5.2")}, {"a": 'x "y"\nz', "b": None}]
    file = io.StringIO()
    assert write_csv(file, ["a", "b"], rows) == 2
    assert file.getvalue().startswith("\ufeff"), "else a spreadsheet takes it for an encoding of its own"
    assert list(csv.reader(io.StringIO(file.getvalue().removeprefix("\ufeff")))) == [
        ["a", "b"],
        ["'=1", "-5.2"],
        ['x "y"\nz', ""],
    ]
