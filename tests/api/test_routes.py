"""Every route that the document names: who may call it, and that an id of others is like one of nobody."""

import uuid

import pytest

from tests.api.accounts import enter, site
from tests.api.conftest import readings
from tests.pipeline.evidence_world import event_of

# a load balancer asks the first; the second is opened by the signature in its address
WITHOUT_CALLER = {("get", "/health"), ("put", "/uploads/{upload_id}/content")}
NO_IDS = {"kind": "contract", "action": "review"}
TABLES = ("integration_credential", "integration_site", "api_key", "ingestion_log", "audit_entry", "announced_upload")


def operations(app) -> list[tuple[str, str, dict]]:
    paths = app.openapi()["paths"]
    return [(method, path, spec) for path, methods in paths.items() for method, spec in methods.items()]


def body(spec: dict) -> dict:
    """The documented example, as arguments of a request."""
    content = spec.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        return {"json": content["application/json"]["schema"]["examples"][0]}
    return {"files": {"file": ("a.csv", b"timestamp,energy_wh\n")}} if content else {}


@pytest.fixture
def theirs(api, neighbour, warehouse) -> dict[str, str]:
    """Ids of things that another organization has, by the name of the path's parameter."""
    credential = enter(api, neighbour).json()["credential_id"]
    pushed = api.post("/meter-data", json=readings(4), headers=neighbour.headers).json()
    announced = api.post("/presigned-url", json={"filename": "june.csv"}, headers=neighbour.headers).json()
    return {
        "credential_id": credential,
        "site_id": site(api, neighbour, credential).json()["site_id"],
        "load_id": pushed["load_id"],
        "sha256": pushed["content_hash"],
        "upload_id": announced["upload_id"],
        "api_key_id": warehouse.execute(
            "select api_key_id from ops.api_key where organization_id = %s", [neighbour.organization_id]
        ).fetchone()["api_key_id"],
        "external_site_id": "2016001",
        "event_id": event_of(warehouse, neighbour.organization_id),
        "contract_id": warehouse.execute(
            "select contract_id from core.contract where organization_id = %s", [neighbour.organization_id]
        ).fetchone()["contract_id"],
    }


@pytest.fixture
def nobodys() -> dict[str, str]:
    """Ids of nothing."""
    return {
        **dict.fromkeys(("credential_id", "site_id", "load_id", "api_key_id", "contract_id"), "987654321"),
        "sha256": "0" * 64,
        "upload_id": str(uuid.uuid4()),
        "event_id": str(uuid.uuid4()),
        "external_site_id": "2016001",
    }


@pytest.fixture
def callers(tenant) -> list[dict[str, str]]:
    """A key for everything, and a person who owns the organization: whoever may call a route is among them."""
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        members.put(connection, tenant.organization_id, "ada", "owner")
    return [tenant.headers, {"X-Test-User": "ada", "X-Organization-ID": str(tenant.organization_id)}]


def test_an_id_of_others_is_answered_like_an_id_of_nobody_on_every_route(app, api, callers, theirs, nobodys):
    tried = 0
    for method, path, spec in operations(app):
        names = {item["name"] for item in spec.get("parameters", []) if item["in"] == "path"} - set(NO_IDS)
        if not names or (method, path) in WITHOUT_CALLER:
            continue
        for headers in callers:
            foreign, unknown = (
                api.request(method, path.format(**ids, **NO_IDS), headers=headers, **body(spec))
                for ids in (theirs, nobodys)
            )
            if foreign.status_code == unknown.status_code == 403:
                continue  # this caller may not use the route at all
            where = f"{method} {path}: {foreign.text} / {unknown.text}"
            assert foreign.status_code == unknown.status_code == 404, where
            assert {**foreign.json(), "instance": ""} == {**unknown.json(), "instance": ""}, where
            tried += 1
    assert tried >= 20


def test_nothing_of_others_was_changed(app, api, callers, theirs, nobodys, neighbour, warehouse):
    tables = tuple(f"ops.{name}" for name in TABLES)

    def stored() -> list:
        query = "select * from {} where organization_id = {} order by 1"
        rows = [warehouse.execute(query.format(table, neighbour.organization_id)).fetchall() for table in tables]
        return [[{**row, "last_used_at": None} for row in table] for table in rows]

    before = stored()
    for method, path, spec in operations(app):
        if "{" in path:
            for headers in callers:
                api.request(method, path.format(**theirs, **NO_IDS), headers=headers, **body(spec))
    assert stored() == before


def test_every_route_but_two_needs_a_caller(app, api, theirs):
    tried = 0
    for method, path, spec in operations(app):
        answer = api.request(method, path.format(**theirs, **NO_IDS), **body(spec))
        if (method, path) in WITHOUT_CALLER:
            continue
        assert answer.status_code == 401, f"{method} {path}: {answer.text}"
        assert answer.headers["WWW-Authenticate"] == "Bearer" and answer.json()["code"] == "E603_UNKNOWN_CALLER"
        tried += 1
    assert tried > 40
    assert api.get("/health").status_code == 200
    forged = {"expires": 1, "signature": "x" * 43}
    unsigned = api.put(f"/uploads/{theirs['upload_id']}/content", content=b"x", params=forged)
    assert unsigned.status_code == 403


def test_every_operation_is_described_and_every_body_has_an_example(app):
    for method, path, spec in operations(app):
        assert spec["summary"] and spec["tags"], f"{method} {path}"
        content = spec.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            assert content["application/json"]["schema"]["examples"], f"{method} {path}"
        for parameter in spec.get("parameters", []):
            assert parameter["in"] == "path" or parameter["description"], f"{method} {path} {parameter['name']}"
        for status, response in spec["responses"].items():
            assert response["description"], f"{method} {path} {status}"
            assert all(kind["schema"] for kind in response.get("content", {}).values()), f"{method} {path} {status}"


def test_an_address_that_is_none_says_where_all_of_them_are(api):
    nowhere, method = api.get("/meter-dat"), api.get("/meter-data")
    assert (nowhere.status_code, method.status_code) == (404, 405)
    assert all(answer.json()["remedy"] for answer in (nowhere, method))
    assert method.headers["allow"] == "POST"
