"""Which of a client's own cells a rule speaks of: its header and its text, from the row as delivered."""

from collections.abc import Mapping
from typing import Any

from include.core.numbers import DecimalMark, NumberRefused, parse

METRICS = ("energy", "energy_total", "power", "irradiance_wm2", "temperature_c")
READINGS = (
    "opening_reading",
    "closing_reading",
    "utilized_reading",
    "discount_reading",
    "sourced_energy",
    "total_production_kwh",
    "total_production",
    "available_energy_kwh",
    "available_energy",
    "register_modulus",
)
# what a rule speaks of -> columns of the delivery that may hold it, the likeliest first
CELLS: dict[str, tuple[str, ...]] = {
    "interval_start": ("timestamp", "interval_end", "time_of_day"),
    "reading_interval_seconds": ("interval_seconds", "interval_minutes", "interval"),
    "external_device_id": ("external_device_id", "external_site_id"),
    "energy_wh": ("energy", "energy_total"),
    "power_w": ("power",),
    "unknown_unit": ("energy_unit", "energy_total_unit", "power_unit", "unit", *METRICS),
    # of billing reads
    "bill_date": ("bill_date", "period_end", "period_start", "billing_period_id"),
    "contract_line_unique_id": (
        "contract_line_unique_id",
        "external_line_id",
        "contract_line_id",
        "meter_sage_id",
        "external_meter_id",
        "meter_id",
    ),
    "utilized_reading": ("utilized_reading", "total_production_kwh", "total_production"),
    "energy_category": ("metered_available", "energy_category"),
    "currency": ("contract_currency", "currency"),
}
LARGEST = 1e13  # no column holds more
NUMBERS = {"not_numeric_columns", "not_finite_columns"}
ROWS = {"field_count_problem", "text_problem_columns"}  # the rule is about no cell in particular


def of(column: str | None, original: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[str | None, Any]:
    """Header and cell that a rule about `column` means; without such a cell our own name of it and null.

    headers: a column as we call it -> the header under which the row has it
    """
    if column is None or column in ROWS:
        return None, None
    if column in NUMBERS:
        filled = [headers[name] for name in (*METRICS, *READINGS) if original.get(headers.get(name))]
        bad = [header for header in filled if not _is_number(original[header])]
        # a cell that could mean two numbers looks fine by itself
        found = bad or (filled if len(filled) == 1 else [])
        return (found[0], original[found[0]]) if found else (None, None)
    header = next((headers[name] for name in CELLS.get(column, (column,)) if name in headers), None)
    return (column, None) if header is None else (header, original.get(header))


def _is_number(cell: Any) -> bool:
    """Whether a cell can be read as a number that a column holds, whatever its decimal mark."""
    return any(_reads(str(cell), mark) for mark in ".,")


def _reads(text: str, mark: str) -> bool:
    try:
        value = parse(text, DecimalMark(mark, is_declared=True))
    except NumberRefused:
        return False
    return value is None or abs(value) < LARGEST
