"""Vendor accounts over HTTP: the secret goes in and never comes out, and each tenant has its own."""

import json

import pytest

from tests.api.accounts import CANARY, enter, site


def everything(warehouse) -> str:
    """What is stored outside the encrypted column, as text."""
    tables = ("ops.audit_entry", "ops.integration_credential", "ops.idempotent_request")
    rows = [dict(row) for table in tables for row in warehouse.execute(f"select * from {table}").fetchall()]
    return json.dumps(rows, default=str)


def test_a_secret_goes_in_and_never_comes_out(api, tenant, warehouse, caplog):
    from include.warehouse import credentials

    made = enter(api, tenant, key=CANARY)
    assert made.status_code == 201
    credential_id = made.json()["credential_id"]
    path = f"/credentials/{credential_id}"
    assert made.headers["Location"] == f"/api/ingest{path}"
    answers = [
        made,
        api.get(path, headers=tenant.headers),
        api.get("/credentials", headers=tenant.headers),
        api.patch(path, json={"secret": {"api_key": f"{CANARY}-2"}}, headers=tenant.headers),
        api.patch(path, json={"secret": {"wrong": CANARY}}, headers=tenant.headers),
        api.patch(path, json={"secret": CANARY}, headers=tenant.headers),
        enter(api, tenant, key=CANARY),
        enter(api, tenant, label="other", secret={"api_key": CANARY, "more": CANARY}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 422, 422, 409, 422]
    row = warehouse.execute("select * from ops.integration_credential").fetchone()
    assert credentials.opened(row) == {"api_key": f"{CANARY}-2"}
    for text in (*(answer.text for answer in answers), everything(warehouse), caplog.text):
        assert CANARY not in text


@pytest.mark.parametrize("ring", ["", '{"k1": "c2hvcnQ="}'], ids=["no key", "a short key"])
def test_without_a_key_that_encrypts_no_secret_is_stored(api, tenant, warehouse, monkeypatch, ring):
    monkeypatch.setenv("SUNLEDGER_VAULT_KEYS", ring)
    answer = enter(api, tenant, key=CANARY)
    assert answer.status_code == 503 and answer.json()["code"] and CANARY not in answer.text
    assert warehouse.execute("select count(*) as n from ops.integration_credential").fetchone()["n"] == 0
    assert CANARY not in everything(warehouse)


def test_an_account_is_changed_switched_and_forgotten_with_a_trail(api, tenant, warehouse):
    credential_id = enter(api, tenant).json()["credential_id"]
    path = f"/credentials/{credential_id}"
    changed = api.patch(
        path, json={"label": "roof", "calls_per_minute": 30, "monthly_credits": 500}, headers=tenant.headers
    ).json()
    assert (changed["label"], changed["calls_per_minute"], changed["monthly_credits"]) == ("roof", 30, 500)
    reset = api.patch(path, json={"monthly_credits": None}, headers=tenant.headers).json()
    assert (reset["calls_per_minute"], reset["monthly_credits"]) == (30, None)
    assert api.post(f"{path}/disable", headers=tenant.headers).json()["state"] == "disabled"
    assert api.post(f"{path}/enable", headers=tenant.headers).json()["state"] == "active"
    assert api.delete(path, headers=tenant.headers).status_code == 204
    assert api.get(path, headers=tenant.headers).status_code == 404
    actions = warehouse.execute(
        "select action from ops.audit_entry where subject = %s order by occurred_at, seq",
        [f"credential {credential_id}"],
    ).fetchall()
    assert [row["action"] for row in actions] == [
        "credential_entered",
        "credential_changed",
        "credential_changed",
        "credential_disabled",
        "credential_enabled",
        "credential_deleted",
    ]


def test_an_account_with_sites_is_not_forgotten(api, tenant):
    credential_id = enter(api, tenant).json()["credential_id"]
    assert site(api, tenant, credential_id).status_code == 201
    answer = api.delete(f"/credentials/{credential_id}", headers=tenant.headers)
    assert answer.status_code == 409 and "disable" in answer.json()["remedy"]
    assert api.get(f"/credentials/{credential_id}", headers=tenant.headers).json()["sites"] == 1


def test_a_label_belongs_to_one_account(api, tenant):
    enter(api, tenant, label="one")
    other = enter(api, tenant, label="two").json()["credential_id"]
    assert api.patch(f"/credentials/{other}", json={"label": "one"}, headers=tenant.headers).status_code == 409


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"source_system": "telepathy", "secret": {"api_key": "x"}}, "#/source_system"),
        ({"source_system": "solaredge", "secret": {}}, "#/secret"),
        ({"source_system": "solaredge", "secret": {"api_key": 7}}, "#/secret/api_key"),
        ({"source_system": "solaredge", "secret": {"token": "x"}}, "#/secret"),
        ({"source_system": "solaredge", "secret": {"api_key": "x"}, "organization_id": 1}, "#/organization_id"),
        ({"source_system": "solaredge", "secret": {"api_key": "x"}, "state": "active"}, "#/state"),
        ({"source_system": "solaredge", "secret": {"api_key": "x"}, "label": "a\u0000b"}, "#/label"),
    ],
)
def test_what_is_not_documented_is_refused_by_name(api, tenant, warehouse, body, place):
    answer = api.post("/credentials", json=body, headers=tenant.headers)
    assert answer.status_code == 422 and place in [error["pointer"] for error in answer.json()["errors"]]
    assert warehouse.execute("select count(*) as n from ops.integration_credential").fetchone()["n"] == 0


def test_the_vendors_sites_and_devices_are_listed_with_what_is_registered(api, tenant, portal):
    credential_id = enter(api, tenant).json()["credential_id"]
    registered = site(api, tenant, credential_id).json()["site_id"]
    offered = api.get(f"/credentials/{credential_id}/sites", headers=tenant.headers).json()["items"]
    assert {item["external_site_id"]: item["site_id"] for item in offered}["2016001"] == registered
    assert any(item["site_id"] is None for item in offered)
    devices = api.get(f"/credentials/{credential_id}/sites/2016001/devices", headers=tenant.headers).json()["items"]
    assert {"5E10A160-01", "5E10AE00-M1"} <= {device["external_device_id"] for device in devices}


def test_a_refused_account_is_told_and_taken_out_of_use(api, tenant, portal):
    credential_id = enter(api, tenant, key="wrong-key").json()["credential_id"]
    answer = api.get(f"/credentials/{credential_id}/sites", headers=tenant.headers)
    assert answer.status_code == 502 and answer.json()["code"] == "E404_AUTH_FAILED"
    assert api.get(f"/credentials/{credential_id}", headers=tenant.headers).json()["state"] == "refused"
    assert api.get(f"/credentials/{credential_id}/sites", headers=tenant.headers).status_code == 409
    healed = api.patch(f"/credentials/{credential_id}", json={"secret": {"api_key": "new"}}, headers=tenant.headers)
    assert healed.json()["state"] == "active"
