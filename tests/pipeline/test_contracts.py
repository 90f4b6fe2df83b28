"""Contract files in the warehouse: versions beside versions, the same file again, what is assessed again."""

from decimal import Decimal

import pytest

FILE = {
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
        }
    ],
}


@pytest.fixture
def apply(organization):
    from include.pipeline import contracts

    return lambda document, **more: contracts.apply(document, organization, actor="ada", **more)


def rows(warehouse, query: str) -> list[dict]:
    return warehouse.execute(query).fetchall()


def test_the_same_file_again_changes_nothing(apply, warehouse):
    first = apply(FILE)
    assert (first.outcome, first.version, first.is_written) == ("new", 1, True)
    [obligation] = rows(warehouse, "select * from core.obligation")
    assert (obligation["guarantee"], obligation["ld_step"]) == (Decimal(98), Decimal("0.1"))
    again = apply(FILE)
    assert (again.outcome, again.version, again.is_written) == ("unchanged", 1, False)
    assert len(rows(warehouse, "select from core.contract_version")) == 1
    assert len(rows(warehouse, "select from ops.reassessment")) == 1
