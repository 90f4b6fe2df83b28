"""Number texts: what has one meaning is read, what has two is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.numbers import DecimalMark, NumberRefused, parse

GUESSED_POINT, GUESSED_COMMA = DecimalMark("."), DecimalMark(",")
POINT, COMMA = DecimalMark(".", is_declared=True), DecimalMark(",", is_declared=True)


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("1.234", GUESSED_POINT, 1.234),
        ("1,234.5", GUESSED_POINT, 1234.5),
        ("1,5", GUESSED_POINT, 1.5),
        ("0,125", GUESSED_POINT, 0.125),
        ("1,234,567", GUESSED_POINT, 1234567.0),
        ("1.234.567", GUESSED_POINT, 1234567.0),
        ("1 234,5", GUESSED_POINT, 1234.5),
        ("1'234.5", GUESSED_POINT, 1234.5),
        ("1\u00a0234,5", GUESSED_POINT, 1234.5),
        ("1\u2009234\u2009567.5", GUESSED_POINT, 1234567.5),
        ("1\u202f234", GUESSED_POINT, 1234.0),
        ("1,234", GUESSED_COMMA, 1.234),
        ("1.234,5", GUESSED_COMMA, 1234.5),
        ("12.5", GUESSED_COMMA, 12.5),
        ("1,234", POINT, 1234.0),
        ("1,234", COMMA, 1.234),
        ("1.234", COMMA, 1234.0),
        ("-5.2e3", POINT, -5200.0),
        ("\u22125", POINT, -5.0),
        (" +.5 ", POINT, 0.5),
    ],
)
def test_texts_with_one_meaning(text, style, expected):
    assert parse(text, style) == expected


@pytest.mark.parametrize("text", ["", "  ", "null", "None", "N/A", "-", "--"])
def test_words_for_no_value(text):
    assert parse(text, POINT) is None


@pytest.mark.parametrize(
    ("text", "style", "code"),
    [
        ("1,234", GUESSED_POINT, "R201_NOT_NUMERIC"),
        ("1.234", GUESSED_COMMA, "R201_NOT_NUMERIC"),
        ("1,5", POINT, "R201_NOT_NUMERIC"),
        ("1234.5", COMMA, "R201_NOT_NUMERIC"),
        ("true", POINT, "R201_NOT_NUMERIC"),
        ("1_000", POINT, "R201_NOT_NUMERIC"),
        ("0x10", POINT, "R201_NOT_NUMERIC"),
        ("12 kWh", POINT, "R201_NOT_NUMERIC"),
        ("١٢", POINT, "R201_NOT_NUMERIC"),
        ("NaN", POINT, "R202_NOT_FINITE"),
        ("-inf", POINT, "R202_NOT_FINITE"),
        ("1e309", POINT, "R202_NOT_FINITE"),
    ],
)
def test_texts_that_are_refused(text, style, code):
    with pytest.raises(NumberRefused) as refused:
        parse(text, style)
    assert refused.value.code == code


def test_two_meanings_say_how_to_declare_one():
    with pytest.raises(NumberRefused) as refused:
        parse("1,234", GUESSED_POINT)
    assert "decimal_mark" in refused.value.remedy


def test_minus_zero_is_zero():
    assert parse("-0", POINT) == 0


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives(value):
    assert parse(repr(value), POINT) == value
    assert parse(repr(value).replace(".", ","), COMMA) == value


@given(st.text(max_size=20), st.sampled_from([GUESSED_POINT, GUESSED_COMMA, POINT, COMMA]))
def test_any_text_is_read_or_refused(text, style):
    try:
        value = parse(text, style)
        assert value is None or math.isfinite(value)
    except NumberRefused as refused:
        assert refused.code in {"R201_NOT_NUMERIC", "R202_NOT_FINITE"}
