"""Keys made over HTTP and on the command line: shown once, kept as a hash, rotated with an overlap, ended at once."""

import json
from functools import partial

import pytest

from tests import warm


@pytest.fixture
def person(tenant):
    """Headers of a member with this role."""
    from include.warehouse import members
    from include.warehouse.database import connect

    def log_in(role: str = "admin", organization: int = tenant.organization_id) -> dict[str, str]:
        with connect() as connection:
            members.put(connection, organization, f"user-{role}", role)
        return {"X-Test-User": f"user-{role}", "X-Organization-ID": str(organization)}

    return log_in


def make(api, headers, **fields):
    return api.post(
        "/credentials/generate-key", json={"label": "push", "scopes": ["status"], **fields}, headers=headers
    )


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_an_administrator_makes_a_key_that_is_shown_once_and_stored_as_a_hash(api, tenant, person, warehouse):
    made = make(api, person(), source_system="snowflake", calls_per_minute=60, days=30)
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    key = made.json()["api_key"]
    assert api.get("/history", headers=bearer(key)).status_code == 200
    assert api.get("/history", headers=bearer(key)).headers["RateLimit-Limit"] == "60"
    shown = api.get(f"/keys/{made.json()['api_key_id']}", headers=person()).json()
    assert shown["source_system"] == "snowflake" and shown["created_by"] == "user:user-admin"
    secret = key.rsplit("_", 1)[-1]
    stored = json.dumps(warehouse.execute("select * from ops.api_key").fetchall(), default=str)
    told = json.dumps(warehouse.execute("select * from ops.audit_entry").fetchall(), default=str)
    listed = api.get("/keys", headers=person()).text
    assert secret not in stored + told + listed + json.dumps(shown)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("member", 403), ("admin", 201), ("owner", 201)])
def test_only_people_who_administer_make_keys(api, tenant, person, role, status):
    assert make(api, person(role)).status_code == status


def test_a_key_makes_no_keys(api, tenant):
    answer = make(api, tenant.headers)
    assert answer.status_code == 403 and answer.json()["code"] == "E612_PEOPLE_ONLY"


def test_a_rotated_key_works_for_another_week_and_is_rotated_once(api, tenant, person, warehouse):
    first = make(api, person(), days=90).json()
    second = api.post(f"/keys/{first['api_key_id']}/rotate", headers=person())
    assert second.status_code == 201 and second.json()["scopes"] == first["scopes"]
    for key in (first["api_key"], second.json()["api_key"]):
        assert api.get("/history", headers=bearer(key)).status_code == 200
    rows = warehouse.execute(
        "select expires_at - now() <= interval '7 days' as ends_soon, "
        "expires_at - now() > interval '89 days' as is_long from ops.api_key where label = 'push' order by api_key_id"
    ).fetchall()
    assert [(row["ends_soon"], row["is_long"]) for row in rows] == [(True, False), (False, True)]
    assert api.post(f"/keys/{first['api_key_id']}/rotate", headers=person()).status_code == 409
    warehouse.execute("update ops.api_key set expires_at = now() where api_key_id = %s", [first["api_key_id"]])
    assert api.get("/history", headers=bearer(first["api_key"])).status_code == 401
    assert api.get("/history", headers=bearer(second.json()["api_key"])).status_code == 200


def test_a_revoked_key_ends_at_once_and_leaves_its_trail(api, tenant, person, warehouse):
    made = make(api, person()).json()
    for _ in range(2):
        assert api.delete(f"/keys/{made['api_key_id']}", headers=person()).status_code == 204
    assert api.get("/history", headers=bearer(made["api_key"])).status_code == 401
    assert api.post(f"/keys/{made['api_key_id']}/rotate", headers=person()).status_code == 409
    rows = warehouse.execute(
        "select action from ops.audit_entry where actor = 'user:user-admin' order by occurred_at, seq"
    ).fetchall()
    assert [row["action"] for row in rows] == ["api_key_made", "api_key_revoked"]


def test_a_key_of_others_cannot_be_told_from_none(api, tenant, neighbour, person, warehouse):
    foreign = warehouse.execute(
        "select api_key_id from ops.api_key where organization_id = %s", [neighbour.organization_id]
    ).fetchone()["api_key_id"]
    for method, path in (("GET", "/keys/{}"), ("DELETE", "/keys/{}"), ("POST", "/keys/{}/rotate")):
        answers = [api.request(method, path.format(number), headers=person()) for number in (foreign, 987654)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.json()["detail"] + answer.json()["remedy"] for answer in answers}) == 1
    assert api.get("/history", headers=neighbour.headers).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"label": "", "scopes": ["status"]},
        {"label": "x\u202e", "scopes": ["status"]},
        {"label": "x", "scopes": []},
        {"label": "x", "scopes": ["everything"]},
        {"label": "x", "scopes": ["status"], "organization_id": 2},
        {"label": "x", "scopes": ["status"], "days": 0},
    ],
)
def test_a_malformed_wish_makes_no_key(api, tenant, person, warehouse, body):
    before = warehouse.execute("select count(*) as n from ops.api_key").fetchone()
    assert api.post("/credentials/generate-key", json=body, headers=person()).status_code == 422
    assert warehouse.execute("select count(*) as n from ops.api_key").fetchone() == before


def test_the_command_line_makes_lists_rotates_and_revokes_keys(api, tenant, warehouse, tmp_path):
    sunledger = partial(warm.sunledger, "keys", cwd=tmp_path)
    name = "Test Energy"
    added = sunledger("add", name, "--label", "nightly", "--scope", "status", "--scope", "meter_data")
    assert added.returncode == 0, added.stderr
    key = added.stdout.splitlines()[-1]
    assert api.get("/history", headers=bearer(key)).status_code == 200
    listed = sunledger("list", name, "--json")
    [row] = [row for row in json.loads(listed.stdout) if row["label"] == "nightly"]
    assert row["scopes"] == ["meter_data", "status"] and key not in listed.stdout
    rotated = sunledger("rotate", name, str(row["api_key_id"]))
    assert rotated.returncode == 0
    assert sunledger("revoke", name, str(row["api_key_id"])).returncode == 0
    assert api.get("/history", headers=bearer(key)).status_code == 401
    assert api.get("/history", headers=bearer(rotated.stdout.splitlines()[-1])).status_code == 200
    assert sunledger("revoke", name, "987654").returncode == 2
    assert sunledger("add", name, "--label", "x", "--scope", "everything").returncode == 2
