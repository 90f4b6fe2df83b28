"""The normalised terms of a contract: what is hashed and kept with every version, and the rows that it becomes.

Decimals are texts, as in canonical JSON, so that what is read back has the same hash.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from include.core.canonical_json import canonical, decimal_text
from include.core.terms_obligation import COLUMNS, Obligation
from include.pipeline.contract_plant import Settled

FORMAT = "contract-terms-v1"
HEAD = (
    "name", "counterparty", "contract_type", "status", "currency_code", "starts_on", "ends_on",
)  # fmt: skip
VERSION = (
    "effective_on", "year_anchor_on", "assess_from_on", "currency_code", "annual_fee", "cap_per_year",
    "cap_per_year_fee_share", "cap_lifetime", "cap_lifetime_fee_share", "document_uri", "document_sha256",
)  # fmt: skip
OWN_TABLES = ("meters", "guarantee_years")


def normalised(contract: Mapping[str, Any], settled: Iterable[Settled]) -> dict[str, Any]:
    """The whole terms as JSON that holds no binary fraction; silent fields are left out."""
    terms = {
        "format": FORMAT,
        "contract": _spoken(contract),
        "obligations": [_terms_of(one) for one in sorted(settled, key=lambda one: one.obligation.code)],
    }
    return json.loads(canonical(terms))


def sha256(terms: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of normalised terms."""
    return hashlib.sha256(canonical(terms)).hexdigest()


def version_row(contract: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of core.contract_version that the head of the file fills."""
    return {name: contract.get(name) for name in VERSION}


def obligation_row(obligation: Obligation) -> dict[str, Any]:
    """The columns of core.obligation that a promise fills."""
    values: dict[str, Any] = {}
    for name in Obligation.model_fields:
        value = getattr(obligation, name)
        if name in OWN_TABLES or (value is None and name in COLUMNS):
            continue
        values[COLUMNS.get(name, name)] = list(value) if isinstance(value, tuple) else value
    return values


def meter_rows(settled: Settled) -> list[dict[str, Any]]:
    """Rows of core.obligation_meter."""
    return [{name: value for name, value in meter.items() if name != "meter"} for meter in settled.meters]


def year_rows(obligation: Obligation) -> list[dict[str, Any]]:
    """Rows of core.guarantee_year."""
    return [year.model_dump() for year in obligation.guarantee_years or ()]


def _terms_of(settled: Settled) -> dict[str, Any]:
    fields = _spoken(settled.obligation.model_dump(exclude=set(OWN_TABLES)))
    years = [_spoken(year) for year in year_rows(settled.obligation)]
    meters = [_spoken(meter) for meter in settled.meters]
    return {
        **fields,
        "meters": sorted(meters, key=lambda meter: (meter["role"], meter["meter_id"])),
        **({"guarantee_years": sorted(years, key=lambda year: year["operating_year"])} if years else {}),
    }


def _spoken(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def as_text(value: Any) -> str:
    """A value of the terms for people."""
    if isinstance(value, list | tuple):
        return ", ".join(map(as_text, value)) or "none"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
