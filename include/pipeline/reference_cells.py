"""What a cell of reference data must hold: each reader gives the value of a text, or says what the cell should be."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from include.core.clock import TimestampRefused, parse, zone
from include.core.errors import ConfigurationError
from include.core.numbers import GROUPED, PLAIN, SPACES

# how billing systems write "no limit"
UNBOUNDED = (date(1753, 1, 1), date(1900, 1, 1), date(9999, 12, 31))


class CellRefused(ValueError):
    """A cell that is not what its column holds; the text says what it should be."""


def number(text: str) -> Decimal:
    """An exact decimal number with a point; thousands may be grouped."""
    if not (PLAIN["."].fullmatch(text) or GROUPED["."].fullmatch(text)):
        raise CellRefused("a number with a decimal point, such as 0.085")
    return Decimal("".join(letter for letter in text if letter not in "," + SPACES))


def positive(text: str) -> Decimal:
    """A number above zero."""
    if (value := number(text)) <= 0:
        raise CellRefused("a number above zero")
    return value


def degrees(limit: int) -> Callable[[str], Decimal]:
    """An angle of at most `limit` degrees to either side."""

    def read(text: str) -> Decimal:
        if abs(value := number(text)) > limit:
            raise CellRefused(f"degrees from -{limit} to {limit}")
        return value

    return read


def whole(text: str) -> int:
    """A whole number from 1."""
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 2**31:
        raise CellRefused("a whole number from 1")
    return int(text)


def day(text: str, date_order: str | None = None) -> date | None:
    """A calendar day; null for the days that mean no limit."""
    try:
        found = parse(text, date_order).date()
    except TimestampRefused as refused:
        how = "a date such as 2026-01-31"
        if refused.code == "R105_TS_AMBIGUOUS":
            how += "; declare the date order to use day and month in another place"
        raise CellRefused(how) from None
    return None if found in UNBOUNDED else found


def flag(text: str) -> bool:
    """Yes or no."""
    word = text.lower()
    if word in {"true", "yes", "y", "1", "active"}:
        return True
    if word in {"false", "no", "n", "0", "inactive"}:
        return False
    raise CellRefused("true or false")


def upper(text: str) -> str:
    """A code in capitals."""
    return text.upper()


def one_of(*words: str) -> Callable[[str], str]:
    """One of some words, in any case."""

    def read(text: str) -> str:
        found = next((word for word in words if word.lower() == text.lower()), None)
        if found is None:
            raise CellRefused(f"one of {', '.join(words)}")
        return found

    return read


def time_zone(text: str) -> str:
    """An IANA zone."""
    try:
        zone(text)
    except ConfigurationError:
        raise CellRefused("an IANA zone such as Europe/Berlin") from None
    return text


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CellRefused('a JSON object such as {"floor_rate": 0.05}')
    return value
