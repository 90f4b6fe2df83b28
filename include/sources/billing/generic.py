"""Billing reads of any system that can be asked to write our names: one row per meter or line and period.

Names:    as below, upper or lower case; `metadata`, its members and other columns are kept beside the row
Line:     contract_line_id, or contract_line_unique_id, or a meter (meter_id, or meter_sage_id as registered) with
          contract_line_number where the meter has several lines
Period:   billing_period_id, or period_start and period_end; without an end the period is the rest of the month
Energy:   total_production_kwh, net; opening_reading, closing_reading and available_energy_kwh as far as known
Category: energy_category `metered`, `available` or `test`; without it the line's own
Ids:      an id of ours must belong to the organization, else the row waits as if it named nothing
"""

from typing import Any

from include.sources.billing.cells import Cells, month_end

NAME = "generic"


def row(cells: Cells) -> dict[str, Any]:
    """Read one delivered row."""
    start = cells.day("period_start")
    end = cells.day("period_end", "bill_date")
    line = cells.text("contract_line_unique_id", "external_line_id")
    return {
        "external_line_id": line,
        "external_meter_id": cells.text("meter_sage_id", "external_meter_id"),
        "line_number": cells.whole("contract_line_number"),
        "meter_id": cells.whole("meter_id"),
        "contract_line_id": cells.whole("contract_line_id"),
        "billing_period_id": cells.whole("billing_period_id"),
        "tariff_id": cells.whole("clause_tariff_id", "tariff_id"),
        "tariff_group_key": cells.text("tariff_group_key") or line,
        "bill_on": end or (month_end(start) if start and not _is_flawed(cells) else None),
        "period_start_on": start,
        "opening_reading": cells.number("opening_reading"),
        "closing_reading": cells.number("closing_reading"),
        "utilized_reading": cells.number("utilized_reading"),
        "discount_reading": cells.number("discount_reading"),
        "sourced_energy": cells.number("sourced_energy"),
        "total_production": cells.number("total_production_kwh", "total_production"),
        "available_energy": cells.number("available_energy_kwh", "available_energy"),
        "register_modulus": cells.number("register_modulus"),
        "quantity_unit": cells.text("quantity_unit"),
        "energy_category": cells.text("energy_category"),
        "product_desc": cells.text("product_desc"),
        "currency_code": cells.text("contract_currency", "currency"),
        "external_reading_id": cells.text("external_reading_id"),
    }


def _is_flawed(cells: Cells) -> bool:
    return not cells.flaws.keys().isdisjoint({"period_end", "bill_date"})
