"""Pushed readings: the verdict in the answer, and an HTTP status that tells the truth."""

import hashlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from tests.api.conftest import readings

QUARTER = timedelta(minutes=15)


def push(api, tenant, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.post(
        "/meter-data", content=content, headers={"Content-Type": "application/json", **tenant.headers, **headers}
    )


def test_clean_readings_are_accepted_and_the_hash_is_that_of_the_bytes(api, tenant, warehouse):
    content = json.dumps(readings(8)).encode()
    answer = push(api, tenant, content)
    verdict = answer.json()
    assert (answer.status_code, verdict["status"], verdict["rows_accepted"]) == (201, "accepted", 8)
    assert verdict["content_hash"] == hashlib.sha256(content).hexdigest()
    assert answer.headers["Location"] == f"/api/ingest/status/{verdict['load_id']}"
    row = warehouse.execute("select lake_key, sha256 from ops.ingestion_log").fetchone()
    from include.lake.store import Lake

    with Lake().local_file(row["lake_key"], row["sha256"]) as path:
        assert path.read_bytes() == content


def test_a_bad_row_is_named_with_place_value_and_remedy_and_its_neighbours_are_kept(api, tenant):
    answer = push(api, tenant, readings(20, r3={"energy_wh": "lots"}))
    verdict = answer.json()
    assert (answer.status_code, verdict["status"]) == (207, "partial")
    assert (verdict["rows_accepted"], verdict["rows_rejected"]) == (19, 1)
    [error] = verdict["errors"]
    assert (error["row"], error["code"]) == (4, "R201_NOT_NUMERIC")
    assert (error["column"], error["value"]) == ("energy_wh", "lots")
    assert error["message"] and error["remedy"]


def test_of_a_hundred_rows_the_three_bad_ones_are_listed_and_the_others_stored(api, tenant, warehouse):
    start = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [
        {"timestamp": (start + number * QUARTER).isoformat(), "site_id": "P1", "energy_wh": number}
        for number in range(100)
    ]
    rows[7]["energy_wh"], rows[42]["timestamp"], rows[99]["quality"] = "lots", "yesterday", "perhaps"
    answer = push(api, tenant, {"readings": rows})
    verdict = answer.json()
    assert (answer.status_code, verdict["status"]) == (207, "partial")
    counts = [verdict[name] for name in ("rows_in", "rows_accepted", "rows_rejected", "rows_duplicate")]
    assert counts == [100, 97, 3, 0]
    assert [error["row"] for error in verdict["errors"]] == [8, 43, 100]
    codes = [error["code"] for error in verdict["errors"]]
    assert len(set(codes)) == 3 and codes[0] == "R201_NOT_NUMERIC" and codes[2] == "R503_QUALITY_VALUE"
    assert [error["original"]["energy_wh"] for error in verdict["errors"]] == ["lots", "42", "99"]
    kept = warehouse.execute("select row_number from quarantine.rejected_row order by 1").fetchall()
    assert [row["row_number"] for row in kept] == [8, 43, 100]


def test_ids_of_ours_in_a_body_move_no_row_to_another_meter(api, tenant, neighbour, warehouse):
    """A client names its own sites and devices; numbers of our projects and meters mean nothing to it or to us."""
    own, foreign = (
        warehouse.execute(
            "select min(project_id) as id from core.project where organization_id = %s", [number]
        ).fetchone()["id"]
        for number in (tenant.organization_id, neighbour.organization_id)
    )
    body = readings(4, **{f"r{number}": {"project_id": foreign} for number in range(4)})
    assert push(api, tenant, body | {"metadata": {"project_id": foreign}}).json()["rows_accepted"] == 4
    meter = warehouse.execute("select max(meter_id) as id from core.meter").fetchone()["id"]
    named = push(api, tenant, readings(1, r0={"meter_id": meter})).json()
    assert [error["code"] for error in named["errors"]] == ["R501_SITE_UNMAPPED"], "it is the client's name of a device"
    rows = warehouse.execute("select organization_id, project_id from staging.stg_files__readings").fetchall()
    assert [row for row in rows if row["project_id"] not in {own, None}] == []
    assert {row["organization_id"] for row in rows} == {tenant.organization_id} and len(rows) == 5


def test_the_time_that_a_push_took_is_told_to_the_millisecond(api, tenant, monkeypatch):
    clock = itertools.count(1.0, 0.234)
    monkeypatch.setattr("include.api.delivering.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert push(api, tenant, readings(4)).json()["processing_time_ms"] == 234


def test_too_many_bad_rows_hold_the_whole_delivery(api, tenant):
    bad = {f"r{i}": {"energy_wh": -5e6} for i in range(3)}
    answer = push(api, tenant, readings(8, **bad))
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (422, "held", "F006_ERROR_RATE")


def test_the_same_content_again_is_a_duplicate_that_names_its_original(api, tenant):
    first = push(api, tenant, readings(4)).json()
    again = push(api, tenant, readings(4))
    assert again.status_code == 409
    assert (again.json()["status"], again.json()["duplicate_of"]) == ("duplicate", first["load_id"])


def test_a_body_that_is_not_as_documented_is_refused_before_anything_is_stored(api, tenant, warehouse):
    refused = {
        b"not json": 422,
        b"[]": 422,
        b'{"readings": []}': 422,
        b'{"readings": [1]}': 422,
        b'{"readings": [{}], "organization_id": 2}': 422,
        b'{"readings": [{}], "source_type": "solaredge"}': 422,
        b"[" * 10_000: 422,
    }
    for body, status in refused.items():
        answer = push(api, tenant, body)
        assert answer.status_code == status, body[:40]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] and answer.json()["detail"]
    assert api.post("/meter-data", content=b"{}", headers=tenant.headers).status_code == 415
    too_large = push(api, tenant, b" " * (33 * 2**20))
    assert (too_large.status_code, too_large.json()["code"]) == (413, "E608_TOO_LARGE")
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0


def test_what_was_pushed_can_be_looked_up_by_id_hash_and_history(api, tenant):
    pushed = push(api, tenant, readings(4)).json()
    for path in (f"/status/{pushed['load_id']}", f"/status/by-hash/{pushed['content_hash']}"):
        answer = api.get(path, headers=tenant.headers)
        assert (answer.status_code, answer.json()["load_id"]) == (200, pushed["load_id"])
    assert [item["load_id"] for item in api.get("/history", headers=tenant.headers).json()["items"]] == [
        pushed["load_id"]
    ]
    [day] = api.get("/stats", headers=tenant.headers).json()["days"]
    assert (day["loads"], day["rows_accepted"]) == (1, 4)


def test_a_load_is_found_however_many_came_after_it(api, tenant, warehouse):
    pushed = push(api, tenant, readings(4)).json()
    warehouse.execute(
        """
        insert into ops.ingestion_log
            (organization_id, source_system, feed, content_key, sha256, size_bytes, lake_key, original_name)
        select %s, 'snowflake', 'file_reading', repeat(md5(n::text), 2), repeat(md5(n::text), 2), 1, 'k' || n, 'n'
        from generate_series(1, 300) as n
        """,
        [tenant.organization_id],
    )
    for path in (f"/status/{pushed['load_id']}", f"/status/by-hash/{pushed['content_hash']}"):
        answer = api.get(path, headers=tenant.headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "accepted")


def test_another_tenants_load_does_not_exist(api, tenant, neighbour):
    pushed = push(api, tenant, readings(4)).json()
    unknown = api.get("/status/999999", headers=neighbour.headers)
    foreign = api.get(f"/status/{pushed['load_id']}", headers=neighbour.headers)
    by_hash = api.get(f"/status/by-hash/{pushed['content_hash']}", headers=neighbour.headers)
    assert unknown.status_code == foreign.status_code == by_hash.status_code == 404
    assert {**unknown.json(), "instance": ""} == {**foreign.json(), "instance": ""}
    assert api.get("/history", headers=neighbour.headers).json()["items"] == []


def test_the_message_is_that_of_the_rule_that_was_broken(api, tenant):
    """Too little and too much energy share a code."""
    verdict = push(api, tenant, readings(24, r3={"energy_wh": -90000}, r5={"energy_wh": 90000000})).json()
    assert [error["code"] for error in verdict["errors"]] == ["R301_ENERGY_RANGE"] * 2
    low, high = verdict["errors"]
    assert "negative" in low["message"] and "more than the plant can generate" in high["message"]
    assert low["remedy"] != high["remedy"]
