"""Canonical JSON: golden bytes, and no value that would not survive."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from include.core.canonical_json import canonical, decimal_text, instant_text, instant_text_us


def reading(energy_wh: str, minute: int) -> dict:
    return {
        "meter_id": 7,
        "timestamp": datetime(2026, 6, 1, 10, minute, tzinfo=UTC),
        "energy_wh": Decimal(energy_wh),
        "quality": "measured",
        "source_system": "solaredge",
        "reading_interval_seconds": 900,
    }


def test_the_golden_data_hash():
    lines = b"".join(canonical(line) + b"\n" for line in (reading("0.000000", 0), reading("1250.500000", 15)))
    assert hashlib.sha256(lines).hexdigest() == "b1856efcd94012c2fb54cea0a9614ded6b17ee78261440ee18eedad17ef0e77c"


@pytest.mark.parametrize(
    ("value", "text"),
    [("1250.50", "1250.5"), ("1E+3", "1000"), ("-0", "0"), ("-0.00", "0"), ("0.000001", "0.000001"), ("100", "100")],
)
def test_a_decimal_is_plain(value, text):
    assert decimal_text(Decimal(value)) == text
    assert canonical(Decimal(value)) == f'"{text}"'.encode()


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("nan"), 2**53, "\ud800", b"bytes"])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(ValueError):
        canonical({"value": value})


def test_instants_are_utc_whatever_zone_they_are_given_in():
    kathmandu = datetime(2026, 6, 1, 15, 45, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert instant_text(kathmandu) == "2026-06-01T10:00:00Z"
    assert instant_text_us(kathmandu.replace(microsecond=7)) == "2026-06-01T10:00:00.000007Z"
    with pytest.raises(ValueError):
        instant_text(kathmandu.replace(microsecond=7))
    with pytest.raises(ValueError):
        instant_text_us(kathmandu.replace(tzinfo=None))
