"""What is left of an allowance stands in the headers of every answer, whatever became of the request."""

import uuid
from pathlib import Path

import pytest

from include.api.allowances import LATER, PER_MINUTE
from tests.api.conftest import Tenant, readings
from tests.api.test_routes import body, operations

FREE = ("get", "/health")
IDS = {
    **dict.fromkeys(("credential_id", "site_id", "load_id", "api_key_id", "contract_id"), "987654321"),
    **dict.fromkeys(("upload_id", "event_id"), str(uuid.uuid4())),
    "sha256": "0" * 64,
    "external_site_id": "2016001",
    "kind": "contract",
    "action": "review",
}
A_KEYS, A_PERSONS, AN_ADDRESS = "10000", "600", "3000"


@pytest.fixture
def tenant(tenant, make_key, monkeypatch) -> Tenant:
    """The tenant with a key whose allowance no address shares; Ada owns the tenant."""
    from include.warehouse import members
    from include.warehouse.database import connect

    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", "1000000")
    with connect() as connection:
        members.put(connection, tenant.organization_id, "ada", "owner")
    return Tenant(tenant.organization_id, make_key(tenant.organization_id, calls_per_minute=int(A_KEYS)))


def told(answer, limit: str) -> int:
    """What an answer says is left of this limit."""
    assert answer.headers.get("RateLimit-Limit") == limit, f"{answer.request.url}: {answer.status_code} {answer.text}"
    assert 0 < int(answer.headers["RateLimit-Reset"]) <= 60
    return int(answer.headers["RateLimit-Remaining"])


def test_every_route_tells_it_to_keys_and_people_whatever_it_answers(app, api, tenant):
    ada = {"X-Test-User": "ada", "X-Organization-ID": str(tenant.organization_id)}
    statuses = set()
    for method, path, spec in operations(app):
        if (method, path) == FREE or "/content" in path:
            continue
        for headers, limit in ((tenant.headers, A_KEYS), (ada, A_PERSONS)):
            for query in ("", "?no_such_parameter=1"):
                answer = api.request(method, path.format(**IDS) + query, headers=headers, **body(spec))
                assert 0 < told(answer, limit) < int(limit)
                assert not query or answer.status_code == 422, f"{method} {path}: {answer.text}"
                statuses.add(answer.status_code)
    assert statuses >= {200, 201, 403, 404, 409, 422}


def test_every_route_tells_strangers_what_is_left_to_their_address(app, api, tenant, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", AN_ADDRESS)
    for method, path, spec in operations(app):
        if (method, path) == FREE:
            assert "RateLimit-Limit" not in api.get(path).headers, "nothing is counted there"
            continue
        answer = api.request(method, path.format(**IDS) + "?no_such_parameter=1", **body(spec))
        assert answer.status_code == (422 if "/content" in path else 401), f"{method} {path}: {answer.text}"
        assert told(answer, AN_ADDRESS) < int(AN_ADDRESS)
    nameless = api.get("/history", headers={"X-Test-User": "ada"})
    assert nameless.status_code == 400 and told(nameless, A_PERSONS) < int(A_PERSONS)


def test_a_push_its_repeat_and_failures_of_ours_tell_it_too(api, tenant, monkeypatch):
    sent = {"json": readings(4), "headers": tenant.headers}
    pushed, again = (api.post("/meter-data", **sent) for _ in range(2))
    form = api.post("/upload", files={"file": ("a.csv", b"")}, headers=tenant.headers)
    monkeypatch.setattr("include.api.health._ask_lake", Path("/nowhere/at/all").read_bytes)
    failing = api.get("/health/full", headers=tenant.headers)
    monkeypatch.setattr("include.api.health._tried", None)
    broken = api.get("/health/full", headers=tenant.headers)
    answers = (pushed, again, form, failing, broken)
    assert [answer.status_code for answer in answers] == [201, 409, 422, 503, 500]
    left = [told(answer, A_KEYS) for answer in answers]
    assert left == sorted(left, reverse=True)
    assert int(failing.headers["Retry-After"]) > 0
    assert broken.json()["code"] == "E000_INTERNAL"


def test_the_nearer_end_of_two_limits_is_told(api, tenant, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", "50")
    assert told(api.get("/history", headers=tenant.headers), "50") < 50


def test_the_document_promises_them_for_every_answer_that_is_counted(app):
    for method, path, spec in operations(app):
        for status, response in spec["responses"].items():
            promised = {} if (method, path) == FREE else LATER if status == "503" else PER_MINUTE
            promised = promised | LATER if status == "429" else promised
            assert set(response.get("headers", {})) - {"Accept-Encoding"} == set(promised), f"{method} {path} {status}"


def test_a_forged_address_gives_no_new_allowance(api, tenant, monkeypatch):
    """Whom a request says that it was forwarded for counts nothing, for strangers and for keys."""
    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", AN_ADDRESS)
    left = []
    for number in range(6):
        forged = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "Forwarded"), f"203.0.113.{number}")
        left.append(told(api.get("/history", headers=forged), AN_ADDRESS))
    assert len(set(left)) > 1 and min(left) <= int(AN_ADDRESS) - 3, "a minute may have ended in between"
