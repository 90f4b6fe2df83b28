"""Billing reads over HTTP: resolved and judged before the answer, every refused row with its reason."""

from calendar import monthrange

import pytest

from tests.pipeline.billing import contract, line, meter, row


@pytest.fixture
def lines(tenant, warehouse) -> None:
    """A contract of the tenant with one metered line."""
    line(warehouse, contract(warehouse, tenant.organization_id), "L1", meter_id=meter(warehouse))


def ends_on(year: int, month: int) -> str:
    """The last day of a month, which is the date of its bill."""
    return f"{year}-{month:02}-{monthrange(year, month)[1]}"


def push(api, tenant, rows, headers=None, **members):
    body = {"readings": rows, "adapter": "cbe", **members}
    return api.post("/billing-reads", json=body, headers={**tenant.headers, **(headers or {})})


def test_clean_reads_are_accepted_and_bad_ones_are_named(api, tenant, lines):
    good = [row("L1", ends_on(2026, month), 100 * month, 100 * (month + 1)) for month in range(1, 7)]
    answer = push(api, tenant, good)
    assert (answer.status_code, answer.json()["rows_accepted"]) == (201, 6), answer.json()
    more = [row("L1", ends_on(2025, month), 100, 200) for month in range(1, 13)]
    answer = push(api, tenant, [*more, row("L-unknown", "2025-06-30", 100, 200)])
    assert answer.status_code == 207 and answer.json()["rows_rejected"] == 1
    [error] = answer.json()["errors"]
    assert error["row"] == 13 and error["code"].startswith("B") and error["message"]
    assert error["original"]["CONTRACT_LINE_UNIQUE_ID"] == "L-unknown"


def test_a_repeat_gets_the_first_answer(api, tenant, lines):
    rows = [row("L1", "2026-06-30", 100, 200)]
    first, again = (push(api, tenant, rows, {"Idempotency-Key": "june"}) for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert push(api, tenant, rows).status_code == 409


def test_a_key_is_bound_to_its_scope_and_source(api, tenant, lines, make_key):
    rows = [row("L1", "2026-06-30", 100, 200)]
    for scopes, source in ((["meter_data"], None), (["billing_reads"], "manual")):
        key = make_key(tenant.organization_id, scopes, source_system=source)
        assert push(api, tenant, rows, {"Authorization": f"Bearer {key}"}).status_code == 403


@pytest.mark.parametrize(
    "members",
    [{"adapter": "telepathy"}, {"adapter": 7}, {"source_type": "enphase"}, {"organization_id": 1}, {"metadata": []}],
)
def test_a_body_that_is_not_as_documented_stores_nothing(api, tenant, warehouse, members):
    assert push(api, tenant, [row("L1", "2026-06-30", 100, 200)], **members).status_code == 422
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0


def test_every_refused_cell_is_named_with_its_value(api, tenant, lines):
    """Also the two rules of one code, and a row whose numbers are no register's."""
    rows = [
        row("L1", "31/01/2026", 0, 1),
        row("L1", "2026-02-28", 0, 1, CONTRACT_CURRENCY="KES"),
        row("L1", "2026-03-31", "1e300", 5),
        row("L1", "2026-04-30", 0, 10, UTILIZED_READING=12),
        row("L9", "2026-05-31", 0, 1),
    ]
    errors = api.post("/billing-reads", json={"readings": rows}, headers=tenant.headers).json()["errors"]
    assert [(error["row"], error["code"], error["column"], error["value"]) for error in errors] == [
        (1, "R105_TS_AMBIGUOUS", "BILL_DATE", "31/01/2026"),
        (2, "B304_CURRENCY_DIFFERS", "CONTRACT_CURRENCY", "KES"),
        (3, "B202_NOT_FINITE", "OPENING_READING", "1e300"),
        (4, "B302_USE_DIFFERS", "UTILIZED_READING", "12"),
        (5, "B501_LINE_UNRESOLVED", "CONTRACT_LINE_UNIQUE_ID", "L9"),
    ]
