"""Announced files: put past the API, picked up once, completed by their owner only."""

import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.api.files import announce, finished, keys_in_lake, large
from tests.pipeline.files import csv

CONTENT = csv([1, 2, 3]).encode()


def put(api, invitation, content=CONTENT):
    """Put a file as the invitation says: into the store itself, or through our own address."""
    url = invitation["upload_url"]
    if "/api/ingest/" not in url:
        return requests.put(url, data=content, headers=invitation["headers"], timeout=60)
    parts = urlsplit(url)
    return api.put(
        f"{parts.path.removeprefix('/api/ingest')}?{parts.query}", content=content, headers=invitation["headers"]
    )


def complete(api, tenant, invitation):
    return api.post(f"/uploads/{invitation['upload_id']}/complete", headers=tenant.headers)


def test_an_announced_file_is_put_completed_and_judged(api, plant, lake_kind, warehouse):
    answer = announce(api, plant, filename="../Juni \u202eSüd.csv", content_type="text/csv", size_bytes=len(CONTENT))
    invitation = answer.json()
    assert (answer.status_code, invitation["method"]) == (201, "PUT")
    prefix, name = invitation["lake_key"].rsplit("/", 1)
    assert prefix.startswith(f"raw/manual/{plant.organization_id}/")
    assert name == f"{invitation['upload_id']}_Juni _S_d.csv"
    assert complete(api, plant, invitation).status_code == 409
    assert put(api, invitation).status_code == 200
    done = complete(api, plant, invitation)
    assert (done.status_code, done.json()["rows_accepted"]) == (201, 3)
    assert done.json()["content_hash"] == hashlib.sha256(CONTENT).hexdigest()
    again = complete(api, plant, invitation)
    assert (again.status_code, again.json()["load_id"]) == (201, done.json()["load_id"])
    load = warehouse.execute("select original_name, original_uri from ops.ingestion_log").fetchone()
    assert load["original_name"] == "Juni _Süd.csv" and load["original_uri"].startswith("api-upload://")


def test_what_was_completed_is_not_picked_up_again(api, plant, lake_kind, warehouse):
    from include.pipeline import inbox

    invitation = announce(api, plant).json()
    put(api, invitation)
    assert [dropped.uri for dropped in inbox.waiting()] == [f"lake:{invitation['lake_key']}"]
    complete(api, plant, invitation)
    assert inbox.waiting() == []
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 1


def test_the_watcher_picks_it_up_alone_and_completing_later_tells_its_verdict(api, plant, lake_kind, warehouse):
    from include.pipeline import inbox, process

    invitation = announce(api, plant).json()
    put(api, invitation)
    assert process.process_all(inbox.pick_up()) == {"accepted": 1}
    answer = complete(api, plant, invitation)
    assert (answer.status_code, answer.json()["rows_accepted"]) == (201, 3)
    upload = warehouse.execute("select load_id, completed_at from ops.announced_upload").fetchone()
    assert upload["load_id"] == answer.json()["load_id"] and upload["completed_at"] is not None
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 1


def test_content_known_from_elsewhere_is_a_duplicate(api, plant, lake_kind):
    first, second = (announce(api, plant).json() for _ in range(2))
    assert first["lake_key"] != second["lake_key"]
    put(api, first)
    put(api, second)
    original = complete(api, plant, first).json()
    answer = complete(api, plant, second)
    assert (answer.status_code, answer.json()["duplicate_of"]) == (409, original["load_id"])


def test_a_kill_while_completing_tells_the_verdict_to_the_repeat(api, plant, lake_kind, warehouse):
    from tests.pipeline.child import killed

    invitation = announce(api, plant).json()
    put(api, invitation)
    code = (
        "from uuid import UUID; from include.pipeline import announced as a; from include.warehouse import announced; "
        "from include.warehouse.database import connect\n"
        f"with connect() as c: upload = announced.get(c, UUID('{invitation['upload_id']}'))\n"
        "a.land(upload)"
    )
    killed(code, "inbox_landed")
    answer = complete(api, plant, invitation)
    assert (answer.status_code, answer.json()["status"], answer.json()["rows_accepted"]) == (201, "accepted", 3)


def test_foreign_and_unknown_uploads_look_the_same(api, plant, neighbour, lake_kind):
    invitation = announce(api, plant).json()
    put(api, invitation)
    foreign = complete(api, neighbour, invitation)
    unknown = complete(api, neighbour, {"upload_id": "00000000-0000-4000-8000-000000000000"})
    assert foreign.status_code == unknown.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**unknown.json(), "instance": ""}
    assert complete(api, plant, invitation).status_code == 201


def test_after_its_time_nothing_is_taken(api, plant, lake_kind, warehouse):
    invitation = announce(api, plant).json()
    warehouse.execute("update ops.announced_upload set expires_at = now() - interval '1 second'")
    if lake_kind == "file":
        late = put(api, invitation)
        assert (late.status_code, late.json()["code"]) == (410, "E611_UPLOAD_EXPIRED")
    answer = complete(api, plant, invitation)
    assert (answer.status_code, answer.json()["code"]) == (410, "E611_UPLOAD_EXPIRED")
    assert keys_in_lake() == []


def test_a_file_put_in_time_may_be_completed_late(api, plant, lake_kind, warehouse):
    invitation = announce(api, plant).json()
    put(api, invitation)
    warehouse.execute("update ops.announced_upload set expires_at = now() - interval '1 second'")
    assert complete(api, plant, invitation).status_code == 201


def test_the_first_file_stays(api, plant, lake_kind):
    from include.lake.store import Lake

    invitation = announce(api, plant).json()
    assert put(api, invitation).status_code == 200
    assert put(api, invitation, b"something else").status_code in {409, 412}
    assert Lake().read(invitation["lake_key"]) == CONTENT


def test_a_large_file_is_landed_at_once_and_judged_later(api, plant, lake_kind):
    invitation = announce(api, plant).json()
    put(api, invitation, large().encode())
    answer = complete(api, plant, invitation)
    assert (answer.status_code, answer.json()["status"]) == (202, "landed")
    assert finished(api, plant, answer.json()["load_id"])["rows_accepted"] == 3000


def test_what_was_promised_is_signed_on_s3(api, plant, s3_lake, monkeypatch):
    monkeypatch.setenv("LAKE_URL", s3_lake)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    invitation = announce(api, plant, content_type="text/csv", size_bytes=len(CONTENT), sha256=sha256).json()
    query = parse_qs(urlsplit(invitation["upload_url"]).query)
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["900"])
    signed = set(query["X-Amz-SignedHeaders"][0].split(";"))
    assert signed == {"host", *(name.lower() for name in invitation["headers"])}
    assert signed >= {"content-length", "content-type", "if-none-match", "x-amz-checksum-sha256"}


@pytest.mark.parametrize("promise", [{"size_bytes": 5}, {"sha256": "0" * 64}])
def test_another_file_than_the_promised_one_is_refused(api, plant, promise):
    invitation = announce(api, plant, **promise).json()
    answer = put(api, invitation)
    assert (answer.status_code, answer.json()["code"]) == (422, "E615_NOT_AS_ANNOUNCED")
    assert keys_in_lake() == []


def test_only_the_address_that_we_signed_opens(api, plant, monkeypatch):
    invitation, other = announce(api, plant).json(), announce(api, plant).json()
    parts = urlsplit(invitation["upload_url"])
    path, query = parts.path.removeprefix("/api/ingest"), parse_qs(parts.query)
    expires, signature = query["expires"][0], query["signature"][0]
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    wrong = [
        f"{path}?expires={int(expires) + 1}&signature={signature}",
        f"{path}?expires={expires}&signature={flipped}",
        f"/uploads/{other['upload_id']}/content?expires={expires}&signature={signature}",
    ]
    for url in wrong:
        answer = api.put(url, content=CONTENT)
        assert (answer.status_code, answer.json()["code"]) == (403, "E614_SIGNATURE")
    assert api.put(f"{path}?expires={expires}", content=CONTENT).status_code == 422
    assert keys_in_lake() == []
    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", "0")
    assert api.put(wrong[0], content=CONTENT).status_code == 429


def test_an_address_outlives_a_new_vault_key(api, plant, monkeypatch):
    import json
    import os

    invitation = announce(api, plant).json()
    ring = json.loads(os.environ["SUNLEDGER_VAULT_KEYS"])
    rotated = {**ring, "k2": "HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo="}
    monkeypatch.setenv("SUNLEDGER_VAULT_KEYS", json.dumps(rotated))
    assert put(api, invitation).status_code == 200


def test_limits_hold_before_and_while_it_is_put(api, plant, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_UPLOAD_LIMIT_MB", "1")
    assert announce(api, plant, size_bytes=2**20 + 1).status_code == 413
    invitation = announce(api, plant).json()
    assert put(api, invitation, b"x" * (2**20 + 1)).status_code == 413
    assert put(api, invitation, (b"x" * 2**16 for _ in range(100))).status_code == 413
    assert keys_in_lake() == []


def test_the_announcement_itself_is_checked(api, plant, make_key):
    wrong = [
        {"filename": ""},
        {"source_type": "solaredge"},
        {"size_bytes": 0},
        {"sha256": "x"},
        {"content_type": "text/csv\r\nX-Evil: 1"},
        {"organization_id": 2},
    ]
    for members in wrong:
        answer = announce(api, plant, **members)
        assert (answer.status_code, answer.json()["code"]) == (422, "E601_INVALID_REQUEST"), members
    bound = type(plant)(plant.organization_id, make_key(plant.organization_id, source_system="snowflake"))
    assert announce(api, bound).status_code == 403
    reader = type(plant)(plant.organization_id, make_key(plant.organization_id, ["status"]))
    assert announce(api, reader).status_code == 403
    assert api.post("/uploads/no-uuid/complete", headers=plant.headers).status_code == 422


def test_two_who_complete_at_once_make_one_load(api, plant, warehouse, lake_kind):
    from concurrent.futures import ThreadPoolExecutor

    invitation = announce(api, plant).json()
    put(api, invitation)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: complete(api, plant, invitation), range(4)))
    assert {answer.status_code for answer in answers} <= {201, 202, 409}
    assert complete(api, plant, invitation).json()["rows_accepted"] == 3
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 1
