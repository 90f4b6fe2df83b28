"""Contracts over HTTP: JSON and YAML alike, planned, applied once, read by those who may."""

import json

import pytest
import yaml

from include.api.contracts import EVENT, EXAMPLE


def send(api, who, path: str, body, kind: str = "application/json", **query):
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {**getattr(who, "headers", who), "Content-Type": kind}
    return api.post(path, content=text.encode(), headers=headers, params=query)


def test_a_document_is_planned_and_applied_once_in_either_form(api, plant, warehouse):
    planned = send(api, plant, "/contracts/plan", EXAMPLE)
    assert (planned.status_code, planned.json()["outcome"], planned.json()["is_written"]) == (200, "new", False)
    assert warehouse.execute("select from core.contract").rowcount == 0
    applied = send(api, plant, "/contracts/apply", EXAMPLE)
    assert (applied.status_code, applied.json()["version"], applied.json()["is_written"]) == (200, 1, True)
    same = send(api, plant, "/contracts/apply", yaml.safe_dump(EXAMPLE), "application/yaml").json()
    assert (same["outcome"], same["changes"]) == ("unchanged", [])
    changed = yaml.safe_dump(EXAMPLE).replace("'98'", "98.5")
    refused = send(api, plant, "/contracts/apply", changed, "text/yaml")
    assert (refused.status_code, refused.json()["code"]) == (422, "C708_NO_REASON")
    second = send(api, plant, "/contracts/apply", changed, "text/yaml", reason="amendment 1").json()
    assert (second["version"], second["changes"]) == (2, ["availability: guarantee_percent 98 becomes 98.5"])
    entry = warehouse.execute("select * from ops.audit_entry where action = 'apply contract' and reason <> ''")
    assert entry.fetchone()["actor"].startswith("key")

    events = send(api, plant, "/plant-events", {"events": [EVENT]})
    assert (events.status_code, events.json()["reassessed"][0]["from_on"]) == (200, "2026-06-01")
    assert send(api, plant, "/plant-events", EXAMPLE).status_code == 422

    [item] = api.get("/contracts", headers=plant.headers).json()["items"]
    assert (item["external_contract_id"], item["version"]) == ("PPA-1", 2)
    shown = api.get(f"/contracts/{item['contract_id']}", headers=plant.headers).json()
    assert [version["reason"] for version in shown["versions"]] == ["", "amendment 1"]
    assert [(o["version"], float(o["guarantee"])) for o in shown["obligations"]] == [(1, 98), (2, 98.5)]
    assert shown["events"][0]["external_event_id"] == "EV-2026-017"


def test_every_mistake_has_its_place_its_code_and_its_remedy(api, plant):
    wrong = "contract: {external_contract_id: C, projct: P}\nobligations:\n  - code: a\n    metric: availability\n"
    answer = send(api, plant, "/contracts/plan", wrong + "    guarantee_percent: 9x\n", "application/yaml")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [(e["pointer"], e["code"][:4], e["line"]) for e in answer.json()["errors"]] == [
        ("#/contract/projct", "C702", 1),
        ("#/obligations/0/guarantee_percent", "C704", 5),
    ]
    assert all(e["remedy"] for e in answer.json()["errors"])
    for body, kind, status in (
        ("{", "application/json", 422),
        ("a: [", "application/yaml", 422),
        ('{"a": 1, "a": 1}', "application/json", 422),
        ("a,b", "text/csv", 415),
        ("x" * (5 << 20), "application/yaml", 413),
    ):
        assert send(api, plant, "/contracts/apply", body, kind).status_code == status


@pytest.mark.parametrize("named", ["Neighbour", "Nobody", 424242])
def test_a_document_of_another_organization_is_refused_as_one_of_nobody(api, plant, neighbour, warehouse, named):
    answer = send(api, plant, "/contracts/apply", {"organization": named, **EXAMPLE})
    assert (answer.status_code, answer.json()["detail"]) == (422, "is not yours")
    foreign = {**EXAMPLE, "contract": {**EXAMPLE["contract"], "project": "Next door"}}
    assert send(api, plant, "/contracts/apply", foreign).json()["code"] == "C706_UNKNOWN_NAME"
    assert send(api, plant, "/contracts/apply", {"organization": "Test Energy", **EXAMPLE}).status_code == 200
    assert api.get("/contracts", headers=neighbour.headers).json()["items"] == []


def test_who_may_read_may_not_apply(api, plant, make_key):
    reader = {"Authorization": f"Bearer {make_key(plant.organization_id, ['contracts_read'])}"}
    assert api.get("/contracts", headers=reader).status_code == 200
    assert send(api, reader, "/contracts/apply", EXAMPLE).json()["code"] == "E604_SCOPE_MISSING"
    stranger = {"Authorization": f"Bearer {make_key(plant.organization_id, ['status'])}"}
    assert api.get("/contracts", headers=stranger).status_code == 403
