"""Kinds of values in contract files: exact decimals, calendar days, codes and words; each with its unit.

Digits and places are those of the columns, so that nothing is rounded on the way into the warehouse.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,40}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[-+][0-9]{2}:?[0-9]{2})?"
)
MOST_DIGITS = 40
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
# no control characters and nothing that turns text around
PLAIN = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$"


def exact(value: Any) -> Decimal:
    """An exact decimal of a decimal, an integer or a text; a binary fraction is not what was meant."""
    number = None
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        number = Decimal(value.strip())
    elif isinstance(value, Decimal) and value.is_finite():
        number = value
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**MOST_DIGITS:
        number = Decimal(value)
    if number is not None and abs(number.adjusted()) < MOST_DIGITS and len(number.as_tuple().digits) <= MOST_DIGITS:
        return number
    raise ValueError("is no exact number; write it with a decimal point, such as 0.1")


def whole(value: Any) -> int:
    """A whole number."""
    number = exact(value)
    if number != number.to_integral_value():
        raise ValueError("is no whole number")
    return int(number)


def calendar_day(value: Any) -> date:
    """A calendar day, written 2026-01-31."""
    if isinstance(value, str) and DAY.fullmatch(value.strip()):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("is no day of the calendar") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("is no day; write it as 2026-01-31")
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValueError(f"lies outside {FIRST_DAY} to {LAST_DAY}")
    return value


def instant(value: Any) -> datetime:
    """An instant with an offset, or a time on the plant's clocks without one."""
    if isinstance(value, str) and INSTANT.fullmatch(value.strip()):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("is no time of the calendar") from None
    if not isinstance(value, datetime):
        raise ValueError("is no time; write it as 2026-01-31T10:05:00+01:00, or without offset in the plant's time")
    if not FIRST_DAY < value.date() < LAST_DAY:
        raise ValueError(f"lies outside {FIRST_DAY} to {LAST_DAY}")
    return value


def word(value: Any) -> str:
    """A text; a number that names something, such as contract 4711 or clause 5.10, is taken as written."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if is_number and "E" not in str(value):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("is no text; put it in quotation marks")
    return value.strip()


def decimal(digits: int, places: int, **bounds: Any) -> Any:
    """The type of a decimal of at most so many digits and places, within bounds; a bound with places is text."""
    limits = {name: Decimal(bound) for name, bound in bounds.items()}
    return Annotated[Decimal, BeforeValidator(exact), Field(max_digits=digits, decimal_places=places, **limits)]


Whole = Annotated[int, BeforeValidator(whole)]
Day = Annotated[date, BeforeValidator(calendar_day)]
Instant = Annotated[datetime, BeforeValidator(instant)]
Name = Annotated[str, BeforeValidator(word), StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
Text = Annotated[str, BeforeValidator(word), StringConstraints(max_length=2000, pattern=PLAIN)]
Code = Annotated[str, BeforeValidator(word), StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Currency = Annotated[str, BeforeValidator(word), StringConstraints(to_upper=True, pattern=r"^[A-Z]{3}$")]
Sha256 = Annotated[str, BeforeValidator(word), StringConstraints(to_lower=True, pattern=r"^[0-9a-f]{64}$")]

Share = decimal(12, 10, ge=0, lt=1)
Factor = decimal(12, 10, gt=0)
Energy = decimal(20, 6, ge=0)
SomeEnergy = decimal(20, 6, gt=0)
Money = decimal(20, 6, ge=0)
Rate = decimal(20, 10, ge=0)
FeeShare = decimal(12, 8, ge=0)
Power = decimal(14, 3, gt=0)
Irradiance = decimal(12, 6, ge=0)


class Part(BaseModel):
    """A part of a contract file; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def says(what: str, unit: str = "", **more: Any) -> Any:
    """An optional field: what it does, and its unit."""
    return Field(default=None, description=what, json_schema_extra={"unit": unit} if unit else None, **more)


def must(what: str, unit: str = "", **more: Any) -> Any:
    """A field that has no default."""
    return Field(description=what, json_schema_extra={"unit": unit} if unit else None, **more)
