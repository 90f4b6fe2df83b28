"""Large uploads: judged later, in nobody's way, in bounded memory, and finished also when the server dies."""

import os
import re
import socket
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import requests

from include.api import delivering
from tests.api.conftest import readings
from tests.api.files import BOUNDARY, finished, form, large, upload
from tests.api.test_idempotency import VARIABLE, server
from tests.pipeline.files import csv


def test_a_large_file_is_answered_at_once_and_judged_later(api, plant, lake_kind):
    content = large()
    assert len(content) > delivering.SMALL_FILE_BYTES
    answer = upload(api, plant, content)
    assert (answer.status_code, answer.json()["status"]) == (202, "landed")
    assert answer.headers["Location"] == answer.json()["status_url"]
    verdict = finished(api, plant, answer.json()["load_id"])
    assert (verdict["status"], verdict["rows_accepted"]) == ("accepted", 3000)


def test_pushes_and_small_files_do_not_wait_behind_a_large_one(tenant, warehouse):
    with server(**{VARIABLE: "after_stage_commit@1=sleep:600"}) as (url, _):
        sending = partial(requests.post, headers=tenant.headers, timeout=60)
        source = "source_type=snowflake"
        answer = sending(f"{url}/upload?{source}", files={"file": ("large.csv", large())})
        assert answer.status_code == 202
        while not warehouse.execute("select from ops.ingestion_log where status = 'staged'").fetchall():
            time.sleep(0.1)
        assert sending(f"{url}/meter-data", json=readings(4)).status_code == 201
        assert sending(f"{url}/upload?{source}", files={"file": ("small.csv", csv([1, 2]))}).status_code == 201
    statuses = warehouse.execute("select status from ops.ingestion_log order by load_id").fetchall()
    assert [load["status"] for load in statuses] == ["staged", "accepted", "accepted"]


def test_a_large_file_of_a_server_that_died_is_finished_by_the_dag(plant, warehouse):
    from include.pipeline import inbox, process
    from include.triggers.inbox import _waiting

    with server(**{VARIABLE: "before_stage_commit=kill"}) as (url, child):
        files = {"file": ("large.csv", large())}
        answer = requests.post(f"{url}/upload", files=files, headers=plant.headers, timeout=60)
        assert answer.status_code == 202
        assert child.wait(60) != 0
    assert _waiting() == set()
    warehouse.execute("update ops.ingestion_log set received_at = now() - interval '11 minutes'")
    assert _waiting() == {("load", str(answer.json()["load_id"]))}
    assert process.process_all(inbox.pick_up()) == {"accepted": 1}
    load = warehouse.execute("select status, rows_clean from ops.ingestion_log").fetchone()
    assert (load["status"], load["rows_clean"]) == ("accepted", 3000)


def resident(process_id, name):
    """Resident memory of a process by its name in /proc, bytes."""
    return int(re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{process_id}/status").read_text())[1]) * 1024


def test_half_a_file_is_not_stored(plant, warehouse):
    body = form(('name="file"; filename="a.csv"', csv(range(50)).encode()))
    head = f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {plant.key}\r\n"
    head += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    with server() as (url, _):
        port = int(url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(head.encode() + body[:500])
        assert requests.post(f"{url}/upload", files={"file": csv([1, 2])}, headers=plant.headers, timeout=60).ok
    names = warehouse.execute("select rows_in from ops.ingestion_log").fetchall()
    assert names == [{"rows_in": 2}]


def test_a_client_that_sends_too_much_over_the_wire_is_told(plant):
    def body():
        yield form(('name="file"; filename="a.csv"', b""), is_whole=False)
        for _ in range(64):
            yield b"x" * 2**17

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **plant.headers}
    with server(SUNLEDGER_UPLOAD_LIMIT_MB="1") as (url, _):
        with suppress(requests.ConnectionError):  # the server may hang up while the client is still sending
            assert requests.post(f"{url}/upload", data=body(), headers=headers, timeout=60).status_code == 413
        assert requests.get(f"{url}/history", headers=plant.headers, timeout=60).json()["items"] == []


def test_memory_does_not_grow_with_the_file(plant):
    size_mib = 150

    def body():
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'.encode()
        for _ in range(size_mib):
            yield os.urandom(2**20)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **plant.headers}
    with server() as (url, child):
        # a judged file first, so that everything a server ever imports is there already
        assert requests.post(f"{url}/upload", files={"file": csv([1, 2])}, headers=plant.headers, timeout=60).ok
        before = resident(child.pid, "VmRSS")
        answer = requests.post(f"{url}/upload", data=body(), headers=headers, timeout=120)
        assert answer.status_code == 202
        for _ in range(300):
            status = requests.get(f"{url}/status/{answer.json()['load_id']}", headers=plant.headers, timeout=60).json()
            if status["status"] != "landed":
                break
            time.sleep(0.1)
        peak = resident(child.pid, "VmHWM")
    assert status["status"] == "rejected"
    assert peak - before < 80 * 2**20
