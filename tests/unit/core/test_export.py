"""Exported CSV opens without executing anything, and numbers stay numbers."""

import csv
import io
from decimal import Decimal

import pytest

from include.core.export import safe_cell, write_csv


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", " =1+1", "\t=1+1", "\r=1", "a\n=cmd|' /C calc'!A0", "-cmd", "=HYPERLINK()"],
)
def test_formulas_are_neutralised(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", [-5.2, 0, Decimal("-1.50"), None, True, "-5.2", "+3e4", "plain", "a=b", "2026-01-01", ""]
)
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert safe_cell(value) == value


def test_an_export_reads_back_as_it_was_written():
    rows = [{"a": "=1", "b": Decimal("-5.2")}, {"a": 'x "y"\nz', "b": None}]
    file = io.StringIO()
    assert write_csv(file, ["a", "b"], rows) == 2
    file.seek(0)
    assert list(csv.reader(file)) == [["a", "b"], ["'=1", "-5.2"], ['x "y"\nz', ""]]
