"""The contract of a billing adapter, and the shape of the raw rows that all of them make."""

from typing import Any, Protocol

import pyarrow as pa

from include.sources.billing.cells import Cells

RAW_TABLE = "raw.billing_read"

RAW_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("external_line_id", pa.string()),
        ("external_meter_id", pa.string()),
        ("line_number", pa.int64()),
        ("meter_id", pa.int64()),
        ("contract_line_id", pa.int64()),
        ("billing_period_id", pa.int64()),
        ("tariff_id", pa.int64()),
        ("tariff_group_key", pa.string()),
        ("bill_on", pa.date32()),
        ("period_start_on", pa.date32()),
        ("opening_reading", pa.float64()),
        ("closing_reading", pa.float64()),
        ("utilized_reading", pa.float64()),
        ("discount_reading", pa.float64()),
        ("sourced_energy", pa.float64()),
        ("total_production", pa.float64()),
        ("available_energy", pa.float64()),
        ("register_modulus", pa.float64()),
        ("quantity_unit", pa.string()),
        ("energy_category", pa.string()),
        ("product_desc", pa.string()),
        ("currency_code", pa.string()),
        ("external_reading_id", pa.string()),
        ("source_metadata", pa.string()),
        ("unparsed", pa.string()),
    ]
)


class BillingAdapter(Protocol):
    """What an adapter's module defines.

    `row` reads one delivered row: values of RAW_SCHEMA by column, those it does not know left out. It is pure, and it
    never raises over a cell: a bad one is noted in `cells` and stays null. An energy category of null means that the
    delivery says nothing of it; the empty text means that it says nothing in particular.
    """

    NAME: str

    def row(self, cells: Cells) -> dict[str, Any]:
        """Read one delivered row."""


def for_source(source_system: str) -> str:
    """Warehouses that billing systems share with us speak `cbe`; everything else is `generic`."""
    return "cbe" if source_system == "snowflake" else "generic"
