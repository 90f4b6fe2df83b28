"""Every route of the API, taken from its own description: who may call it, and whose things it answers for."""

import json
import re
from typing import Any

import pytest

from include.api.app import create_app
from include.warehouse import members
from include.warehouse.database import connect
from tests.security.conftest import TENANT_SCHEMAS
from tests.security.things import NOWHERE, WORDS, things_of

# the process is up; the address itself carries a signature
FOR_STRANGERS = {("GET", "/health"), ("PUT", "/uploads/{upload_id}/content")}
SIGNED = {("PUT", "/uploads/{upload_id}/content")}
PASSING = ["last_used_at", "disposition_key"]
SNEAKED_IN = ("organization_id", "is_active", "status", "load_id", "created_by", "scopes_of", "role_of")


async def _nobody(request):
    return None


def _routes() -> list[tuple[str, str, dict[str, Any]]]:
    paths = create_app(_nobody).openapi()["paths"]
    return [
        (method.upper(), path, operation) for path, methods in paths.items() for method, operation in methods.items()
    ]


ROUTES = _routes()
WITH_IDS = [route for route in ROUTES if set(re.findall(r"\{(\w+)\}", route[1])) - WORDS.keys()]
WITH_JSON = [route for route in ROUTES if "application/json" in route[2].get("requestBody", {}).get("content", {})]


def named(route) -> str:
    return f"{route[0]} {route[1]}"


def example(operation: dict[str, Any]) -> dict[str, Any]:
    """The body that the description gives as an example."""
    content = operation["requestBody"]["content"]["application/json"]
    examples = [content.get("example"), *content["schema"].get("examples", [])]
    return next(body for body in examples if body is not None)


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What to send along so that the request gets as far as the thing it names."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        return {"json": example(operation)}
    if "multipart/form-data" in content:
        return {"files": {"file": ("a.csv", b"timestamp,energy_wh\n")}}
    return {"content": b"x", "headers": {"Content-Type": next(iter(content))}} if content else {}


def filled(path: str, things: dict[str, Any]) -> str:
    """The path with its ids; a parameter that is new has to be told to this test."""
    return re.sub(r"\{(\w+)\}", lambda found: str(things[found[1]]), path)


def callers_of(tenant) -> dict[str, dict[str, str]]:
    """A client with a key for everything, and a person who owns the organization."""
    with connect() as connection:
        members.put(connection, tenant.organization_id, "olga", "owner")
    return {"key": tenant.headers, "person": {"X-Test-User": "olga", "X-Organization-ID": str(tenant.organization_id)}}


def request(api, method: str, path: str, headers: dict[str, str], body: dict[str, Any]):
    body = dict(body)
    return api.request(method, path, headers={**body.pop("headers", {}), **headers}, follow_redirects=False, **body)


def footprint(warehouse, organization: int) -> dict[str, Any]:
    """Everything that is stored for an organization, but for what the service itself does in between."""
    tables = warehouse.execute(
        """
        select c.oid::regclass::text as name from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'organization_id'
        where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace::regnamespace::text = any(%s)
        """,
        [list(TENANT_SCHEMAS)],
    ).fetchall()
    return {
        table["name"]: warehouse.execute(
            f"select coalesce(sum(hashtextextended((to_jsonb(t) - %s::text[])::text, 0)), 0) as rows "
            f"from {table['name']} as t where organization_id = %s",
            [PASSING, organization],
        ).fetchone()["rows"]
        for table in tables
    }


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_stranger_is_let_in_nowhere(api, route):
    method, path, operation = route
    if (method, path) in FOR_STRANGERS:
        return
    for headers in ({}, {"Authorization": "Bearer sl_0123456789ab_wrong"}, {"X-Organization-ID": "1"}):
        answer = request(api, method, filled(path, WORDS | NOWHERE), headers, body_of(operation))
        assert (answer.status_code, answer.json()["code"]) == (401, "E603_UNKNOWN_CALLER"), headers


@pytest.mark.parametrize("route", WITH_IDS, ids=named)
def test_another_tenants_thing_is_answered_as_one_that_does_not_exist(api, tenant, neighbour, warehouse, route):
    method, path, operation = route
    own, foreign = things_of(tenant, api, warehouse), things_of(neighbour, api, warehouse)
    before, statuses = footprint(warehouse, neighbour.organization_id), set()
    for headers in callers_of(tenant).values():
        answers = []
        for things in (WORDS | NOWHERE, foreign):
            answer = request(api, method, filled(path, things), headers, body_of(operation))
            text = answer.text.replace(filled(path, things), "PATH")
            for value in things.values():
                text = text.replace(str(value), "ID") if len(str(value)) > 3 else text
            answers.append((answer.status_code, text, answer.headers.get("content-type")))
            statuses.add(answer.status_code)
        assert answers[0] == answers[1]
    assert statuses & ({404} if (method, path) not in SIGNED else {403, 422}), statuses
    assert all(status in {403, 404, 422} for status in statuses), statuses
    assert footprint(warehouse, neighbour.organization_id) == before
    if (method, path) not in SIGNED:
        mine = [
            request(api, method, filled(path, own), headers, body_of(operation)).status_code
            for headers in callers_of(tenant).values()
        ]
        assert set(mine) - {403, 404}, f"nobody can use {path}, so its 404 says nothing: {mine}"


@pytest.mark.parametrize("route", WITH_JSON, ids=named)
def test_members_that_nobody_asked_for_are_refused_or_without_effect(api, tenant, neighbour, warehouse, route):
    method, path, operation = route
    things = things_of(tenant, api, warehouse)
    before = footprint(warehouse, neighbour.organization_id)
    known = operation["requestBody"]["content"]["application/json"]["schema"].get("properties", {})
    for headers in callers_of(tenant).values():
        for name in SNEAKED_IN:
            if name in known:
                continue
            body = {"json": {**example(operation), name: neighbour.organization_id}}
            answer = request(api, method, filled(path, things), headers, body)
            assert answer.status_code in {403, 422}, f"{name}: {answer.status_code} {answer.text[:200]}"
    assert footprint(warehouse, neighbour.organization_id) == before


def test_the_key_decides_for_whom_whatever_header_and_query_say(api, tenant, neighbour, warehouse):
    own, foreign = (things_of(who, api, warehouse)["load_id"] for who in (tenant, neighbour))
    other = str(neighbour.organization_id)
    headers = {**tenant.headers, "X-Organization-ID": other, "X-Test-User": "olga"}
    answer = api.get("/history", headers=headers)
    assert [item["load_id"] for item in answer.json()["items"]] == [own] != [foreign]
    asked = api.get("/history", params={"organization_id": other}, headers=headers)
    assert asked.status_code == 422 or asked.json() == answer.json()


def test_a_person_acts_for_organizations_of_hers_only(api, tenant, neighbour, warehouse):
    person = callers_of(tenant)["person"]
    foreign, unknown = (
        api.get("/history", headers={**person, "X-Organization-ID": str(number)})
        for number in (neighbour.organization_id, 10**17)
    )
    assert foreign.status_code == 404 and foreign.json() == unknown.json()
    assert api.get("/history", headers=person).status_code == 200


def test_rows_that_name_another_organization_are_refused(api, tenant, neighbour, warehouse):
    from tests.api.conftest import readings

    before = footprint(warehouse, neighbour.organization_id)
    body = readings(4, r2={"organization_id": neighbour.organization_id})
    answer = api.post(
        "/meter-data", content=json.dumps(body), headers={**tenant.headers, "Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "F008_TENANT_MISMATCH")
    assert warehouse.execute("select count(*) as n from raw.file_reading").fetchone()["n"] == 0
    assert footprint(warehouse, neighbour.organization_id) == before
