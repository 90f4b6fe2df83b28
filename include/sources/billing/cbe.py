"""Billing reads as the CBE ERP extracts them: one row per contract line and bill date.

Names:    upper case, or lower case; other columns are kept beside the row and mean nothing
Date:     BILL_DATE, the last day of the billing period; the period's first day is looked up, never computed
Line:     CONTRACT_LINE_UNIQUE_ID names the contract line and its tariff
Energy:   OPENING_READING and CLOSING_READING of a register, or UTILIZED_READING, in QUANTITY_UNIT (blank: kWh);
          DISCOUNT_READING and SOURCED_ENERGY are deducted
Category: METERED_AVAILABLE `Metered`, `Available`, or `N/A` and blank for what is no energy
Rollover: REGISTER_MODULUS, where a register started again at zero and no modulus is registered for its meter
"""

from typing import Any

from include.sources.billing.cells import Cells

NAME = "cbe"


def row(cells: Cells) -> dict[str, Any]:
    """Read one delivered row."""
    line = cells.text("contract_line_unique_id", "external_line_id")
    word = "metered_available"
    return {
        "external_line_id": line,
        "tariff_group_key": line,
        "bill_on": cells.day("bill_date"),
        "opening_reading": cells.number("opening_reading"),
        "closing_reading": cells.number("closing_reading"),
        "utilized_reading": cells.number("utilized_reading"),
        "discount_reading": cells.number("discount_reading"),
        "sourced_energy": cells.number("sourced_energy"),
        "register_modulus": cells.number("register_modulus"),
        "quantity_unit": cells.text("quantity_unit"),
        "energy_category": (cells.text(word) or "") if cells.has(word) else None,
        "product_desc": cells.text("product_desc"),
        "currency_code": cells.text("contract_currency", "currency"),
        "external_reading_id": cells.text("meter_reading_unique_id", "external_reading_id"),
    }
