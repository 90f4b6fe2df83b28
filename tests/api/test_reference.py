"""Reference data over HTTP: each row by itself, the right ones stored, the others listed with a remedy."""

import pytest

KES = {"currency_code": "KES", "rate_date": "2026-06-30", "rate": 129.25}


def send(api, tenant, path: str, body: dict):
    return api.post(path, json=body, headers=tenant.headers)


def test_rates_are_stored_and_the_same_again_change_nothing(api, tenant, warehouse):
    first = send(api, tenant, "/fx-rates", {"rates": [KES, KES | {"currency_code": "eur", "rate": "0.92"}]})
    assert first.status_code == 200
    assert (first.json()["inserted"], first.json()["rows_rejected"]) == (2, 0)
    again = send(api, tenant, "/fx-rates", {"rates": [KES]}).json()
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, 1)
    corrected = send(api, tenant, "/fx-rates", {"rates": [KES | {"rate": "130"}]}).json()
    assert corrected["updated"] == 1
    rows = warehouse.execute(
        "select organization_id, currency_code, rate::text from core.exchange_rate order by currency_code"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (tenant.organization_id, "EUR", "0.9200000000"),
        (tenant.organization_id, "KES", "130.0000000000"),
    ]


def test_a_wrong_row_is_named_and_its_neighbours_are_stored(api, tenant, warehouse):
    rates = [KES, KES | {"currency_code": "XXX"}, KES | {"rate": "lots"}, KES | {"organization_id": 1}]
    answer = send(api, tenant, "/fx-rates", {"rates": rates})
    report = answer.json()
    assert answer.status_code == 207
    assert [row["outcome"] for row in report["rows"]] == ["inserted", "refused", "refused", "refused"]
    assert {(error["row"], error["column"]) for error in report["errors"]} == {
        (2, "currency_code"),
        (3, "rate"),
        (4, "organization_id"),
    }
    assert all(error["remedy"] for error in report["errors"])
    assert warehouse.execute("select count(*) as n from core.exchange_rate").fetchone()["n"] == 1
    nothing = send(api, tenant, "/fx-rates", {"rates": rates[1:]})
    assert nothing.status_code == 422 and nothing.json()["rows_accepted"] == 0


def test_prices_and_indices_have_their_own_routes(api, tenant):
    price = {
        "project": "Plant",
        "observation_type": "monthly",
        "period_start": "2026-06-01",
        "operating_year": 1,
        "currency_code": "KES",
        "total_variable_charges": "1200000.00",
        "total_kwh_invoiced": 98000,
    }
    assert send(api, tenant, "/reference-prices", {"entries": [price]}).json()["inserted"] == 1
    index = {"series_id": "CPI", "index_name": "Prices", "reference_date": "2026-06-01", "value": 312.4}
    assert send(api, tenant, "/price-index", {"entries": [index]}).json()["inserted"] == 1


def test_any_kind_goes_through_one_route_and_organizations_through_none(api, tenant, warehouse):
    contract = {"external_contract_id": "C-1", "project": "Plant", "name": "PPA", "currency": "USD"}
    assert send(api, tenant, "/reference/contract", {"rows": [contract]}).json()["inserted"] == 1
    for kind in ("organization", "telepathy", "membership"):
        assert send(api, tenant, f"/reference/{kind}", {"rows": [{"name": "Mine"}]}).status_code == 422
    assert warehouse.execute("select count(*) as n from core.organization where name = 'Mine'").fetchone()["n"] == 0


def test_names_resolve_within_the_tenant_only(api, tenant, neighbour, warehouse):
    contract = {"external_contract_id": "C-1", "project": "Plant", "name": "PPA", "currency": "USD"}
    foreign = send(api, neighbour, "/reference/contract", {"rows": [contract]})
    unknown = send(api, neighbour, "/reference/contract", {"rows": [contract | {"project": "Nowhere"}]})
    assert foreign.status_code == unknown.status_code == 422
    assert {**foreign.json()["errors"][0], "value": ""} == {**unknown.json()["errors"][0], "value": ""}
    assert warehouse.execute("select count(*) as n from core.contract").fetchone()["n"] == 0


@pytest.mark.parametrize(
    "body",
    [{}, {"rates": []}, {"rates": [1]}, {"rates": [[]]}, {"rates": [{"a": {}}]}, {"rates": [KES], "source": 1}, []],
)
def test_a_body_that_is_not_as_documented_stores_nothing(api, tenant, warehouse, body):
    assert send(api, tenant, "/fx-rates", body).status_code == 422
    assert warehouse.execute("select count(*) as n from core.exchange_rate").fetchone()["n"] == 0


def test_a_body_that_says_something_twice_stores_nothing(api, tenant, warehouse):
    text = '{"rates": [{"currency_code": "KES", "rate_date": "2026-06-30", "rate": "1", "rate": "2"}]}'
    for body in (text, '{"rates": [], ' + text[1:]):
        answer = api.post("/fx-rates", content=body, headers=tenant.headers | {"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "F009_AMBIGUOUS")
        assert "twice" in answer.json()["detail"]
    assert warehouse.execute("select count(*) as n from core.exchange_rate").fetchone()["n"] == 0


def test_a_cell_with_nul_or_no_number_is_refused_and_nothing_breaks(api, tenant):
    rates = [KES | {"rate": "1\u00002"}, KES | {"currency_code": "\u0000"}, KES | {"rate": 1e300}, KES | {"rate": -1}]
    answer = api.post("/fx-rates", json={"rates": rates}, headers=tenant.headers)
    assert answer.status_code == 422 and answer.json()["rows_rejected"] == 4


def test_a_key_without_the_scope_sends_no_reference_data(api, tenant, make_key):
    headers = {"Authorization": f"Bearer {make_key(tenant.organization_id, ['meter_data', 'status'])}"}
    assert api.post("/fx-rates", json={"rates": [KES]}, headers=headers).status_code == 403
