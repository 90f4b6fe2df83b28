"""Canonical JSON, the bytes that are hashed and signed: RFC 8785 over values that JSON can hold exactly.

Decimals are strings in plain notation without trailing zeros, because energy and money outgrow a double. Instants are
UTC to the second, or to the microsecond where the caller writes them so. Integers stay below 2^53.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785


def canonical(value: Any) -> bytes:
    """The canonical bytes of a value; raises ValueError for what has none: NaN, 2^53 and above, lone surrogates."""
    return rfc8785.dumps(_plain(value))


def decimal_text(value: Decimal | int) -> str:
    """A decimal in plain notation without trailing zeros: `1250.5`, `0`, never `1E+3` or `-0`."""
    if not Decimal(value).is_finite():
        raise ValueError(f"{value} is no number")
    text = f"{Decimal(value):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text


def instant_text(at: datetime) -> str:
    """An instant to the second, `2026-06-01T10:00:00Z`; raises ValueError if it has a fraction or no zone."""
    if at.microsecond:
        raise ValueError(f"{at} lies between two seconds")
    return _utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_text_us(at: datetime) -> str:
    """An instant to the microsecond, `2026-06-01T10:00:00.000000Z`; raises ValueError if it has no zone."""
    return _utc(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
