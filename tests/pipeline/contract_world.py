"""A contract file of the test organization, and what tests ask about the warehouse after it was applied."""

from copy import deepcopy
from datetime import date, datetime
from typing import Any

import pytest

from include.core.contract_errors import ContractRefused

FILE: dict[str, Any] = {
    "contract": {
        "external_contract_id": "PPA-1",
        "project": "Plant",
        "name": "Sale of power",
        "starts_on": "2026-01-01",
        "currency_code": "EUR",
        "annual_fee": 30000,
    },
    "obligations": [
        {
            "code": "availability",
            "metric": "availability",
            "guarantee_percent": 98,
            "ld_basis": "per_point",
            "ld_rate": 500,
            "ld_step": "0.1",
            "cap_per_year_fee_share": "0.1",
        },
        {"code": "data", "metric": "completeness", "guarantee_percent": 95},
    ],
}
NEIGHBOUR = {
    "organization": "Neighbour",
    "projects": [{"name": "Foreign", "time_zone": "UTC", "meters": [{"name": "F1", "serial_number": "S-1"}]}],
}


def changed(document: dict[str, Any] = FILE, **contract: Any) -> dict[str, Any]:
    """The file with another head."""
    return deepcopy(document) | {"contract": document["contract"] | contract}


def again(rows) -> list[tuple[str, date, date]]:
    """The days that wait to be assessed again."""
    found = rows("""
        select c.external_contract_id as number, r.from_on, r.to_on from ops.reassessment as r
        inner join core.contract as c using (contract_id) order by reassessment_id
    """)
    return [tuple(row.values()) for row in found]


def refusal(apply, document: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ContractRefused) as raised:
        apply(document, **more)
    return [(flaw.code[:4], flaw.place) for flaw in raised.value.flaws]


def today(zone_name: str = "Europe/Berlin") -> date:
    from include.core.clock import zone

    return datetime.now(zone(zone_name)).date()
