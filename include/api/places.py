"""Which of a client's own cells a rule speaks of: its header and its text, from the row as delivered."""

import math
from collections.abc import Iterable
from typing import Any

MEASURES = ("energy", "power", "irradiance", "temperature", "wh", "kw", "value")
# a column of the judged readings -> how clients name theirs; what stands nowhere is named as it is
WORDS: dict[str, tuple[str, ...]] = {
    "interval_start": ("timestamp", "interval_start", "time", "date"),
    "timestamp_code": ("timestamp", "interval_start", "time", "date"),
    "reading_interval_seconds": ("interval_seconds", "interval"),
    "external_device_id": ("device", "meter", "site"),
    "energy_wh": ("energy", "wh", "production"),
    "power_w": ("power", "kw", "watt"),
    "irradiance_wm2": ("irradiance", "ghi", "poa"),
    "temperature_c": ("temperature", "temp"),
    "unknown_unit": MEASURES,
}


def of(column: str | None, original: dict[str, Any]) -> tuple[str | None, Any]:
    """Header and cell that a rule about `column` means; our own name and null when no cell can be told."""
    if column is None or column in original:
        return column, original.get(column) if column else None
    if column in {"not_numeric_columns", "not_finite_columns"}:
        candidates = (name for name in _named(original, MEASURES) if not _is_number(original[name]))
    else:
        candidates = _named(original, WORDS.get(column, (column,)))
    header = next(iter(candidates), None)
    return (column, None) if header is None else (header, original[header])


def _named(original: dict[str, Any], words: Iterable[str]) -> Iterable[str]:
    """Headers that hold one of the words, in the order of the words."""
    return (header for word in words for header in original if word in header.lower())


def _is_number(cell: Any) -> bool:
    try:
        return math.isfinite(float(cell))
    except (TypeError, ValueError):
        return False
