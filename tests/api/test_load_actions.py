"""What people do about deliveries: export what was refused, replay, release. Keys and strangers may not."""

import csv as csv_module
import io
import json

import pytest

from include.warehouse.quarantine import ABOUT
from tests.api.files import upload
from tests.pipeline.files import csv

HEAD = "timestamp,site_id,energy_wh,note\n"


@pytest.fixture
def people(plant):
    """A person for each role of the plant's organization, by the name of the role."""
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        for role in members.ROLES:
            members.put(connection, plant.organization_id, role, role)
    return plant


def act(api, person, organization, path, **body):
    headers = {"X-Test-User": person, "X-Organization-ID": str(organization), "Content-Type": "application/json"}
    return api.post(path, content=json.dumps(body), headers=headers)


def audited(warehouse, action):
    return warehouse.execute(
        "select organization_id, actor, subject, reason from ops.audit_entry where action = %s order by 1, 3", [action]
    ).fetchall()


def test_refused_rows_come_as_csv_that_no_spreadsheet_executes(api, plant, lake_kind):
    notes = ['=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", " =1+1", "fine", "-5.2"]
    quoted = ['"' + note.replace('"', '""') + '"' for note in notes]
    rows = [f"2026-06-01T{hour:02}:00:00Z,P1,lots,{note}\n" for hour, note in enumerate(quoted)]
    good = [f"2026-06-02T{number // 4:02}:{15 * (number % 4):02}:00Z,P1,{number},ok\n" for number in range(80)]
    load = upload(api, plant, HEAD + "".join(rows + good)).json()
    assert load["rows_rejected"] == len(notes)
    answer = api.get(f"/loads/{load['load_id']}/rejected.csv", headers=plant.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert f'filename="rejected-{load["load_id"]}.csv"' in answer.headers["content-disposition"]
    found = list(csv_module.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["note"] for row in found] == [
        '\'=cmd|"/c calc"!A1',
        "'+1+1",
        "'-2+3",
        "'@SUM(A1)",
        "' =1+1",
        "fine",
        "-5.2",
    ]
    assert list(found[0]) == [*HEAD.strip().split(","), *ABOUT], "columns stand as they were delivered"
    assert [row["rejected_row"] for row in found] == [str(number + 1) for number in range(len(notes))]
    assert all("R201_NOT_NUMERIC" in row["rejected_codes"] and row["energy_wh"] == "lots" for row in found)


def test_a_load_without_refused_rows_gives_a_header_only(api, plant):
    load = upload(api, plant, csv([1, 2])).json()
    answer = api.get(f"/loads/{load['load_id']}/rejected.csv", headers=plant.headers)
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "rejected_row,rejected_codes,rejected_messages,rejected_status"
    ]


def test_a_person_replays_a_load_and_stands_in_the_audit_trail(api, people, lake_kind, warehouse):
    load_id = upload(api, people, csv([*range(100, 120), -90000])).json()["load_id"]
    answer = act(api, "member", people.organization_id, f"/loads/{load_id}/replay", reason="the map was mended")
    verdict = answer.json()
    assert (answer.status_code, verdict["load_id"], verdict["rows_accepted"]) == (207, load_id, 20)
    assert audited(warehouse, "replay") == [
        {
            "organization_id": people.organization_id,
            "actor": "user:member",
            "subject": f"load {load_id}",
            "reason": "the map was mended",
        }
    ]


def test_an_administrator_releases_a_held_load(api, people, lake_kind, warehouse):
    load_id = upload(api, people, csv([100] * 5 + ["x"] * 5)).json()["load_id"]
    answer = act(api, "admin", people.organization_id, f"/loads/{load_id}/release", reason="checked")
    assert (answer.status_code, answer.json()["status"], answer.json()["rows_accepted"]) == (200, "partial", 5)
    [entry] = audited(warehouse, "release load")
    assert (entry["actor"], entry["reason"]) == ("user:admin", "checked")
    again = act(api, "admin", people.organization_id, f"/loads/{load_id}/release", reason="checked")
    assert (again.status_code, again.json()["code"]) == (409, "E203_ILLEGAL_STATE")


def test_named_rows_are_released_together_or_not_at_all(api, people, warehouse):
    load_id = upload(api, people, csv([*range(100, 130), -90000, -80000, "x"])).json()["load_id"]
    path = f"/loads/{load_id}/release"
    mixed = act(api, "owner", people.organization_id, path, reason="real", rows=[31, 33])
    assert (mixed.status_code, mixed.json()["code"]) == (409, "E203_ILLEGAL_STATE")
    missing = act(api, "owner", people.organization_id, path, reason="real", rows=[31, 1])
    assert missing.status_code == 404
    assert audited(warehouse, "release row") == []
    done = act(api, "owner", people.organization_id, path, reason="real", rows=[31, 32, 31])
    assert (done.status_code, done.json()["rows_accepted"], done.json()["rows_rejected"]) == (200, 32, 1)
    assert [entry["subject"] for entry in audited(warehouse, "release row")] == [
        f"load {load_id} row 31",
        f"load {load_id} row 32",
    ]


def test_roles_and_keys_that_may_not_are_refused(api, people, warehouse):
    load_id = upload(api, people, csv([100] * 5 + ["x"] * 5)).json()["load_id"]
    replay, release = f"/loads/{load_id}/replay", f"/loads/{load_id}/release"
    for person, path in (("viewer", replay), ("viewer", release), ("member", release)):
        answer = act(api, person, people.organization_id, path, reason="please")
        assert (answer.status_code, answer.json()["code"]) == (403, "E503_NOT_ALLOWED")
    for path in (replay, release):
        headers = {"Content-Type": "application/json", **people.headers}
        answer = api.post(path, content=json.dumps({"reason": "please"}), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "E612_PEOPLE_ONLY")
        for reason in ({}, {"reason": "  "}, {"reason": "x", "organization_id": 2}):
            assert act(api, "owner", people.organization_id, path, **reason).status_code == 422
    assert warehouse.execute("select status from ops.ingestion_log").fetchone()["status"] == "held"


def test_another_organizations_load_does_not_exist(api, people, neighbour):
    from include.warehouse import members
    from include.warehouse.database import connect

    load_id = upload(api, people, csv([100] * 5 + ["x"] * 5)).json()["load_id"]
    with connect() as connection:
        members.put(connection, neighbour.organization_id, "eve", "owner")
    for number in (load_id, 999_999):
        for path in ("replay", "release"):
            answer = act(api, "eve", neighbour.organization_id, f"/loads/{number}/{path}", reason="mine")
            assert (answer.status_code, answer.json()["code"]) == (404, "E002_NOT_FOUND")
        assert api.get(f"/loads/{number}/rejected.csv", headers=neighbour.headers).status_code == 404
    outsider = act(api, "eve", people.organization_id, f"/loads/{load_id}/release", reason="mine")
    assert outsider.status_code == 404


def test_a_duplicate_is_not_replayed(api, people):
    upload(api, people, csv([1, 2]))
    duplicate = upload(api, people, csv([1, 2])).json()["load_id"]
    answer = act(api, "member", people.organization_id, f"/loads/{duplicate}/replay", reason="again")
    assert (answer.status_code, answer.json()["code"]) == (409, "E203_ILLEGAL_STATE")
