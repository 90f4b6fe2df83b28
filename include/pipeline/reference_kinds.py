"""The kinds of reference data: their columns, what each cell must be, and what identifies a row.

A new kind is one entry in `KINDS`. Names of columns follow the tables; aliases are the names that billing systems use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from include.pipeline.reference_cells import (
    day,
    degrees,
    flag,
    json_object,
    number,
    one_of,
    positive,
    time_zone,
    upper,
    whole,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind.

    read:     text -> value, or raises CellRefused; `lookup` instead names what the text refers to
    is_kept:  an empty cell leaves what is stored, or the table's default
    """

    name: str
    read: Callable[[str], Any] = str
    is_required: bool = False
    aliases: tuple[str, ...] = ()
    lookup: str = ""
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of reference data.

    key:  identifies a row within its organization
    days: columns of a first and a last day, which are not the other way round
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    has_organization: bool = True
    is_stamped: bool = True
    is_versioned: bool = False
    days: tuple[str, str] | None = None


def _required(name: str, read: Callable[[str], Any] = str, *aliases: str, lookup: str = "") -> Column:
    return Column(name, read, True, aliases, lookup)


def _optional(name: str, read: Callable[[str], Any] = str, *aliases: str, lookup: str = "") -> Column:
    return Column(name, read, False, aliases, lookup)


def _kept(name: str, read: Callable[[str], Any] = str, *aliases: str) -> Column:
    return Column(name, read, False, aliases, is_kept=True)


PROJECT = _required("project_id", str, "project", "external_project_id", "facility", lookup="project")
CURRENCY = _required("currency_code", upper, "currency", "contract_currency", lookup="currency")
KINDS: dict[str, Kind] = {
    "organization": Kind(
        "organization", ("name",), (_required("name"), _optional("country")), has_organization=False, is_stamped=False
    ),
    "project": Kind(
        "project",
        ("organization_id", "name"),
        (
            _required("name", str, "project"),
            _optional("external_project_id"),
            _optional("country"),
            _required("time_zone", time_zone),
            _optional("latitude", degrees(90)),
            _optional("longitude", degrees(180)),
            _optional("installed_dc_capacity_kwp", positive),
            _optional("installed_ac_capacity_kw", positive),
            _optional("cod_date", day),
        ),
        is_stamped=False,
    ),
    "meter": Kind(
        "meter",
        ("organization_id", "project_id", "name"),
        (
            PROJECT,
            _required("name", str, "meter"),
            _kept("meter_type", one_of("PRODUCTION", "REVENUE", "INVERTER", "CONSUMPTION", "IRRADIANCE")),
            _optional("metering_type", one_of("net", "export_only", "gross", "bidirectional")),
            _optional("serial_number"),
            _optional("model"),
            _optional("external_meter_id", str, "meter_sage_id"),
            _optional("rated_power_w", positive),
            _optional("register_modulus_wh", positive),
        ),
        is_stamped=False,
    ),
    "contract": Kind(
        "contract",
        ("organization_id", "external_contract_id"),
        (
            _required("external_contract_id", str, "contract_number"),
            PROJECT,
            _required("name", str, "contract_description"),
            _optional("counterparty", str, "customer", "customer_number"),
            _kept("contract_type", upper),
            _kept(
                "status", one_of("DRAFT", "EXECUTED", "ACTIVE", "SUSPENDED", "EXPIRED", "TERMINATED"), "contract_status"
            ),
            Column("currency_code", upper, False, ("currency", "contract_currency"), "currency"),
            _optional("effective_on", day, "effective_date", "start_date"),
            _optional("ends_on", day, "end_date"),
            _optional("payment_terms"),
            _kept("billing_calendar"),
        ),
        days=("effective_on", "ends_on"),
    ),
    "contract_line": Kind(
        "contract_line",
        ("contract_id", "line_number"),
        (
            _required("contract_id", str, "contract", "contract_number", "external_contract_id", lookup="contract"),
            _required("line_number", whole, "contract_line_number", "contract_line"),
            _optional("external_line_id", str, "contract_line_unique_id"),
            _optional("parent_contract_line_id", str, "parent", "parent_line", lookup="contract_line"),
            _optional("meter_id", str, "meter", "external_meter_id", lookup="meter"),
            _optional("product_desc"),
            _kept("energy_category", one_of("metered", "available", "test")),
            _optional("effective_start_on", day, "effective_start_date"),
            _optional("effective_end_on", day, "effective_end_date"),
            _optional("billing_calendar"),
            _kept("is_active", flag, "active", "active_status"),
        ),
        days=("effective_start_on", "effective_end_on"),
    ),
    "tariff": Kind(
        "tariff",
        ("organization_id", "tariff_group_key", "valid_from_on"),
        (
            _required("tariff_group_key", str, "contract_line_unique_id"),
            _required("name"),
            _optional("contract_id", str, "contract", "contract_number", lookup="contract"),
            _optional("valid_from_on", day, "valid_from"),
            _optional("valid_to_on", day, "valid_to"),
            _required("base_rate", number),
            CURRENCY,
            _kept("unit"),
            _kept("logic_parameters", json_object),
        ),
        days=("valid_from_on", "valid_to_on"),
        is_stamped=False,
        is_versioned=True,
    ),
    "billing_period": Kind(
        "billing_period",
        ("organization_id", "calendar", "end_on"),
        (
            _required("name"),
            _kept("calendar"),
            _required("start_on", day, "start_date"),
            _required("end_on", day, "end_date"),
        ),
        days=("start_on", "end_on"),
    ),
    "exchange_rate": Kind(
        "exchange_rate",
        ("organization_id", "currency_code", "rate_on"),
        (CURRENCY, _required("rate_on", day, "rate_date", "date"), _required("rate", positive), _kept("source")),
    ),
    "reference_price": Kind(
        "reference_price",
        ("project_id", "observation_type", "period_start_on"),
        (
            PROJECT,
            _required("observation_type", one_of("monthly", "annual")),
            _required("period_start_on", day, "period_start"),
            _optional("period_end_on", day, "period_end"),
            _optional("operating_year", whole),
            CURRENCY,
            _required("total_variable_charges", number),
            _required("total_kwh_invoiced", positive),
            _kept("verification_status", one_of("pending", "jointly_verified", "disputed", "estimated")),
            _optional("source_document_path"),
            _optional("source_document_sha256", str, "source_document_hash"),
        ),
        days=("period_start_on", "period_end_on"),
    ),
    "price_index": Kind(
        "price_index",
        ("organization_id", "index_code", "reference_on"),
        (
            _required("index_code", str, "series_id"),
            _required("index_name"),
            _required("reference_on", day, "reference_date", "date"),
            _required("index_value", positive, "value"),
            _kept("source"),
        ),
    ),
}
