"""Idempotency keys: the same answer to a repeat, also when the server died before it answered."""

import json
import os
import threading
import time
from contextlib import contextmanager

import pytest
import requests

from include.local import ports
from tests import warm
from tests.api.conftest import readings

VARIABLE = "SUNLEDGER_FAILPOINTS"


def push(api, tenant, body, key):
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, **tenant.headers}
    return api.post("/meter-data", content=json.dumps(body), headers=headers)


def test_a_repeat_gets_the_first_answer_and_stores_nothing(api, tenant, warehouse):
    first, again = (push(api, tenant, readings(4), "k1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]) == ("false", "true")
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 1


def test_the_same_key_with_another_body_is_refused(api, tenant):
    push(api, tenant, readings(4), "k1")
    other = push(api, tenant, readings(5), "k1")
    assert (other.status_code, other.json()["code"]) == (422, "E610_IDEMPOTENCY_KEY_REUSED")
    assert push(api, tenant, readings(5), "k2").status_code == 201


def test_a_key_belongs_to_its_caller(api, tenant, neighbour, make_key):
    assert push(api, tenant, readings(4), "k1").json()["rows_accepted"] == 4
    foreign = push(api, neighbour, readings(4), "k1").json()
    assert foreign["rows_accepted"] == 0 and foreign["errors"][0]["code"] == "R501_SITE_UNMAPPED"


def test_a_key_under_way_is_a_conflict(api, tenant, monkeypatch):
    from include.api import delivering

    is_judged, may_answer, tell = threading.Event(), threading.Event(), delivering.told

    def told_late(*judged):
        is_judged.set()
        assert may_answer.wait(60)
        return tell(*judged)

    monkeypatch.setattr(delivering, "told", told_late)
    answers = []
    slow = threading.Thread(target=lambda: answers.append(push(api, tenant, readings(4), "k1")))
    slow.start()
    assert is_judged.wait(60)
    assert push(api, tenant, readings(4), "k1").status_code == 409
    may_answer.set()
    slow.join()
    assert answers[0].status_code == 201


def test_a_request_that_was_refused_may_be_mended_under_its_key(api, tenant):
    assert push(api, tenant, {"readings": []}, "k1").status_code == 422
    assert push(api, tenant, readings(4), "k1").status_code == 201


def test_after_its_day_a_key_is_forgotten_and_rows_are_still_there_once(api, tenant, warehouse):
    from include.pipeline.publish import publish

    def forget():
        warehouse.execute("update ops.idempotent_request set expires_at = now()")

    first = push(api, tenant, readings(4), "k1").json()
    forget()
    same = push(api, tenant, readings(4), "k1")
    assert (same.status_code, same.json()["load_id"]) == (201, first["load_id"])
    assert same.headers["Idempotent-Replayed"] == "false"
    forget()
    longer = push(api, tenant, readings(6), "k1")
    assert (longer.status_code, longer.json()["rows_accepted"]) == (201, 6)
    publish()
    found = warehouse.execute(
        'select "timestamp" as at, energy_wh::float as energy_wh from canonical.meter_reading order by 1'
    ).fetchall()
    assert [row["energy_wh"] for row in found] == [100.5 + number for number in range(6)]
    assert len({row["at"] for row in found}) == 6


@contextmanager
def server(**environment):
    port = ports.pick()
    process = warm.Program("-m", "tests.api.server", str(port), env={**os.environ, **environment})
    try:
        for _ in range(300):
            try:
                requests.get(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def test_killed_between_verdict_and_answer_the_repeat_tells_that_verdict(tenant, warehouse):
    body = json.dumps(readings(20, r3={"energy_wh": "lots"}))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k1", **tenant.headers}
    with server(**{VARIABLE: "push_judged=kill"}) as (url, process):
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{url}/meter-data", data=body, headers=headers, timeout=60)
        assert process.wait(10) != 0
    with server() as (url, _):
        answer = requests.post(f"{url}/meter-data", data=body, headers=headers, timeout=60)
    verdict = answer.json()
    assert (answer.status_code, verdict["rows_accepted"], verdict["rows_rejected"]) == (207, 19, 1)
    loads = warehouse.execute("select status from ops.ingestion_log order by load_id").fetchall()
    assert [load["status"] for load in loads] == ["accepted", "duplicate"]
