"""Evidence over HTTP: listed, shown, exported, only to those whose it is and who may read it."""

import pytest

from include.evidence.offline import verify
from include.pipeline import preserve
from include.security.signing import Signer
from tests.pipeline import evidence_world
from tests.unit.evidence.cases import EVENT_ID


@pytest.fixture
def world(warehouse):
    return evidence_world.build(warehouse)


@pytest.fixture
def headers(world, make_key) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_key(1)}"}


def test_an_event_is_listed_before_and_after_its_pack_is_stored(api, headers, world):
    waiting = api.get("/evidence", headers=headers).json()
    assert [(item["pack_status"], item["is_intact"]) for item in waiting["items"]] == [("archive_pending", None)]
    answer = api.get(f"/evidence/{EVENT_ID}/pack", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "E203_ILLEGAL_STATE")
    preserve.preserve_all()
    shown = api.get(f"/evidence/{EVENT_ID}", headers=headers).json()
    assert (shown["pack_status"], shown["is_intact"], shown["contract"]) == ("complete", True, "PPA-1")
    assert {check["check"] for check in shown["verification"]} >= {"signature", "calculation"}
    page = api.get("/evidence", params={"limit": 1}, headers=headers).json()
    assert page["next_after"] == str(EVENT_ID)
    assert api.get("/evidence", params={"after": page["next_after"]}, headers=headers).json()["items"] == []


def test_pack_and_page_are_handed_out_and_each_time_that_is_written_down(api, headers, world):
    preserve.preserve_all()
    answer = api.get(f"/evidence/{EVENT_ID}/pack", headers=headers)
    assert answer.headers["content-type"] == "application/zip"
    members, key = verify.unzip(answer.content), verify.public_key(Signer.from_environment().public_key_text)
    assert all(holds is not False for _, holds, _ in verify.verify(members, key))
    page = api.get(f"/evidence/{EVENT_ID}/summary", headers=headers)
    assert "Promise broken" in page.text and "sandbox" in page.headers["content-security-policy"]
    pdf = api.get(f"/evidence/{EVENT_ID}/summary", params={"format": "pdf"}, headers=headers)
    assert pdf.headers["content-type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    entries = world.rows("select action, actor from ops.audit_entry where action like '%%evidence' order by seq")
    actions = [row["action"].removesuffix(" evidence") for row in entries]
    assert actions == ["archive", "export", "view", "view"]
    assert {row["actor"] for row in entries[1:]} == {"key:1"}


def test_without_the_scope_nothing_is_told(api, world, make_key):
    headers = {"Authorization": f"Bearer {make_key(1, scopes=['status', 'meter_data'])}"}
    for path in ("", f"/{EVENT_ID}", f"/{EVENT_ID}/pack", f"/{EVENT_ID}/summary"):
        answer = api.get(f"/evidence{path}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "E604_SCOPE_MISSING")


def test_another_organization_neither_sees_nor_takes_it(api, world, neighbour):
    preserve.preserve_all()
    assert api.get("/evidence", headers=neighbour.headers).json()["items"] == []
    for path in ("", "/pack", "/summary"):
        foreign = api.get(f"/evidence/{EVENT_ID}{path}", headers=neighbour.headers)
        nowhere = api.get(f"/evidence/{EVENT_ID.int:032x}{path}".replace("0b8e", "1b8e"), headers=neighbour.headers)
        assert foreign.status_code == nowhere.status_code == 404
    assert not world.rows("select from ops.audit_entry where action in ('view evidence', 'export evidence')")


def test_a_changed_pack_is_not_handed_out(api, headers, world):
    from include.lake.store import Lake

    preserve.preserve_all()
    lake = Lake()
    with lake.fs.open(f"{lake.root}/{world.pack()['lake_key']}", "ab") as stream:
        stream.write(b"x")
    answer = api.get(f"/evidence/{EVENT_ID}/pack", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "E209_EVIDENCE")
    assert "NOT INTACT" in api.get(f"/evidence/{EVENT_ID}/summary", headers=headers).text
