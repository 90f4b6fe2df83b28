"""Default events over HTTP: read with a key, moved by people only, each seeing their own."""

import pytest

from tests.pipeline import evidence_world
from tests.unit.evidence.cases import EVENT_ID

PATH = f"/default-events/{EVENT_ID}"


@pytest.fixture
def world(warehouse):
    world = evidence_world.build(warehouse)
    warehouse.execute("update core.obligation set cure_days = 30, day_count = 'calendar'")
    for user, role in (("ada", "admin"), ("vera", "viewer")):
        warehouse.execute(
            "insert into core.membership (organization_id, user_name, role) values (1, %s, %s)", [user, role]
        )
    return world


@pytest.fixture
def key(world, make_key) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_key(1)}"}


def person(name: str) -> dict[str, str]:
    return {"X-Test-User": name, "X-Organization-ID": "1"}


def test_events_are_listed_by_what_is_asked(api, key):
    (item,) = api.get("/default-events", headers=key).json()["items"]
    assert (item["default_event_id"], item["contract"], item["status"]) == (str(EVENT_ID), "PPA-1", "detected")
    for asked, count in (
        ({"contract": "PPA-1", "status": "detected"}, 1),
        ({"contract": "PPA-2"}, 0),
        ({"status": "settled"}, 0),
        ({"from_on": "2026-06-01", "to_on": "2026-06-01"}, 1),
        ({"from_on": "2026-07-01"}, 0),
        ({"after": str(EVENT_ID)}, 0),
    ):
        assert len(api.get("/default-events", params=asked, headers=key).json()["items"]) == count, asked
    shown = api.get(PATH, headers=key).json()
    assert shown["calculation"] and [revision["revision"] for revision in shown["revisions"]] == [shown["revision"]]


def test_people_move_an_event_and_keys_do_not(api, key, world):
    reason = {"reason": "letter"}
    answer = api.post(f"{PATH}/review", json=reason, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "E612_PEOPLE_ONLY")
    answer = api.post(f"{PATH}/review", json=reason, headers=person("vera"))
    assert (answer.status_code, answer.json()["code"]) == (403, "E503_NOT_ALLOWED")
    moved = api.post(f"{PATH}/notify", json={**reason, "on": "2026-07-10"}, headers=person("ada"))
    assert moved.status_code == 200, moved.text
    assert (moved.json()["status"], moved.json()["cure_until_on"]) == ("cure_period", "2026-08-09")
    answer = api.post(f"{PATH}/settle", json=reason, headers=person("ada"))
    assert (answer.status_code, answer.json()["code"]) == (409, "E203_ILLEGAL_STATE")
    for body in ({}, {"reason": " "}, {**reason, "on": "2026-07-10"}):
        assert api.post(f"{PATH}/cure", json=body, headers=person("ada")).status_code == 422, body
    assert api.post(f"{PATH}/erase", json=reason, headers=person("ada")).status_code == 422
    assert api.post(f"{PATH}/cure", json=reason, headers=person("ada")).json()["status"] == "cured"
    (entry,) = world.rows("select actor from ops.audit_entry where action = 'cure default event'")
    assert entry["actor"] == "user:ada"


def test_another_organization_neither_sees_nor_moves_it(api, world, make_key, warehouse):
    world.insert("core.organization", [{"organization_id": 2, "name": "Neighbour"}])
    warehouse.execute("insert into core.membership (organization_id, user_name, role) values (2, 'eve', 'owner')")
    foreign = {"Authorization": f"Bearer {make_key(2)}"}
    assert api.get("/default-events", headers=foreign).json()["items"] == []
    assert api.get(PATH, headers=foreign).status_code == 404
    eve = {"X-Test-User": "eve", "X-Organization-ID": "2"}
    assert api.post(f"{PATH}/review", json={"reason": "mine"}, headers=eve).status_code == 404
    assert world.event()["status"] == "detected"
