"""What a pack is made of: plain rows, gathered by somebody else, and which of their columns may enter it.

Only the columns named here enter a pack. Free texts, and the names of those who typed them, stay outside: a signed
document cannot forget a person, so it names things by their ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]

EVENT = (
    "default_event_id", "organization_id", "project_id", "contract_id", "contract_version_id", "obligation_id",
    "obligation_code", "obligation_version", "rule_version", "metric", "period_type", "period_start_on",
    "period_end_on", "period_start", "period_end", "time_zone", "operating_year", "revision", "supersedes_event_id",
    "publication_id",
)  # fmt: skip
RESULT = (
    "unit", "expected", "guaranteed", "actual", "deemed", "counted", "shortfall", "hours_expected", "hours_available",
    "availability_percent", "raw_availability_percent", "data_completeness_percent", "usable_percent", "excused_hours",
    "excused_hours_by_class", "excused_event_ids", "missing_policy", "severity", "ld_before_cap", "ld_cap",
    "ld_payable", "currency_code", "payment_amount", "payment_currency_code", "fx_rate", "rounding",
)  # fmt: skip
CONTRACT = ("contract_id", "external_contract_id", "contract_type", "effective_on", "ends_on")
CONTRACT_VERSION = (
    "contract_version_id", "version", "effective_on", "year_anchor_on", "assess_from_on", "currency_code",
    "annual_fee", "cap_per_year", "cap_per_year_fee_share", "cap_lifetime", "cap_lifetime_fee_share",
)  # fmt: skip
# of an obligation everything but bookkeeping: a parameter that a later migration adds enters by itself
OBLIGATION_WITHOUT = ("organization_id", "created_at")
PLANT = (
    "project_id", "time_zone", "latitude", "longitude", "installed_dc_capacity_kwp", "installed_ac_capacity_kw",
)  # fmt: skip
METER = (
    "meter_id", "role", "priority", "capacity_kw", "meter_type", "rated_power_w", "serial_number", "model",
    "register_modulus_wh", "reading_interval_seconds", "preferred_source_system",
)  # fmt: skip
GUARANTEE_YEAR = ("operating_year", "expected_kwh", "guaranteed_kwh")
PLANT_EVENT = (
    "plant_event_id", "external_event_id", "version", "event_class", "contract_id", "meter_id", "starts_at", "ends_at",
    "notified_at", "document_sha256", "applied_at",
)  # fmt: skip
METER_TEST = (
    "meter_test_id", "meter_id", "tested_at", "last_good_at", "error_share", "certificate_sha256", "applied_at",
)  # fmt: skip
DAY_WITHOUT = ("organization_id", "project_id", "contract_id", "obligation_id", "publication_id", "assessed_at")
EARLIER_DAY = (
    "meter_id", "day_on", "day_start", "day_end", "reading_interval_seconds", "excused_hours", "excused_hours_by_class",
    "reference_energy_wh", "reference_irradiance_sum_wm2", "deemed_irradiance_sum_wm2",
)  # fmt: skip
LOAD = (
    "load_id", "source_system", "feed", "status", "original_name", "request", "lake_key", "sha256", "size_bytes",
    "content_key", "parser_version", "received_at", "judged_at", "published_at", "rows_in", "rows_clean",
    "rows_rejected", "rows_duplicate", "verdict", "quarantined", "duplicate_of", "corrects_load_id",
    "first_reading_at", "last_reading_at", "readings",
)  # fmt: skip
CUSTODY = ("seq", "action", "occurred_at", "actor_kind")


def only(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """The named columns of a row."""
    return {name: row[name] for name in names}


def without(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """A row without the named columns."""
    return {name: value for name, value in row.items() if name not in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One default event with everything that its result was computed from."""

    created_at: datetime
    software: Row
    event: Row
    contract: Row
    contract_version: Row
    obligation: Row
    plant: Row
    meters: Sequence[Row]
    guarantee_years: Sequence[Row]
    plant_events: Sequence[Row]
    meter_tests: Sequence[Row]
    # canonical lines of all readings of the period and all meters involved, in their order
    readings: Sequence[bytes]
    # lines of readings before and after it, up to the next register, where a register may bridge a gap
    readings_beside: Sequence[bytes] = ()
    days: Sequence[Row]
    # days before the period that its result depends on: a year's maintenance, the month that deemed energy learns from
    earlier_days: Sequence[Row]
    loads: Sequence[Row]
    # entries of the organization's audit chain as they were hashed, and who had the pack in hand
    audit: Sequence[Row] = ()
    custody: Sequence[Row] = ()
