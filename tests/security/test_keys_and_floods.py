"""What a stolen table of keys gives away, and what guessing and flooding get: nothing, and early refusals."""

import json
import re
import secrets
import socket
from collections import Counter
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import readings
from tests.api.test_idempotency import server

MEGABYTE = 2**20


def prefix_of(key: str) -> str:
    """What is stored and shown of a key."""
    return "_".join(key.split("_", 2)[:2])


def test_a_dump_of_the_keys_opens_nothing(tenant, api, warehouse):
    rows = warehouse.execute("select to_jsonb(k)::text as row from ops.api_key as k").fetchall()
    dump = " ".join(row["row"] for row in rows)
    prefix, secret = prefix_of(tenant.key), tenant.key.split("_", 2)[2]
    assert tenant.key not in dump and secret not in dump
    assert not any(secret[i : i + 8] in dump for i in range(len(secret) - 7)), "not even a part of it"
    stolen = set(re.findall(r"[0-9A-Za-z_-]{12,}", dump)) | {
        f"{prefix}_{word}" for word in re.findall(r"\w{12,}", dump)
    }
    assert prefix in stolen and len(stolen) >= 3
    for text in stolen:
        assert api.get("/history", headers={"Authorization": f"Bearer {text}"}).status_code == 401, text
    assert api.get("/history", headers=tenant.headers).status_code == 200


def test_a_key_has_256_random_bits_and_is_shown_once(make_key, tenant, warehouse):
    from include.warehouse import api_keys
    from include.warehouse.database import connect

    texts = {make_key(tenant.organization_id) for _ in range(200)}
    parts = [text.split("_", 2)[2] for text in texts]
    assert len(set(parts)) == 200 and {len(part) for part in parts} == {43}  # base64 of 32 bytes
    with connect() as connection:
        shown = api_keys.listing(connection, tenant.organization_id)
    assert len(shown) == 201 and not any("key_hash" in row for row in shown)
    assert not any(part in json.dumps(shown, default=str) for part in parts)


def test_a_thousand_guesses_are_stopped_by_their_address_and_by_no_other(app, tenant, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", "100")
    prefix = prefix_of(tenant.key)
    with TestClient(app, client=("203.0.113.7", 4711)) as attacker:
        statuses, last = Counter(), None
        for number in range(1000):
            known = prefix if number % 2 else f"sl_{secrets.token_hex(6)}"
            guess = f"{known}_{secrets.token_urlsafe(32)}"
            last = attacker.get("/history", headers={"Authorization": f"Bearer {guess}"})
            statuses[last.status_code] += 1
        assert statuses.keys() == {401, 429}
        assert statuses[401] <= 300, "a hundred in each minute that the loop touched"
        assert last.json()["code"] == "E606_TOO_MANY_REQUESTS" and 0 < int(last.headers["Retry-After"]) <= 60
        stranger = TestClient(app, client=("203.0.113.8", 4711))
        assert stranger.get("/history", headers=tenant.headers).status_code == 200


def test_guesses_at_a_key_do_not_lock_its_owner_out(app, make_key, tenant):
    key = make_key(tenant.organization_id, calls_per_minute=5)
    prefix = prefix_of(key)
    with TestClient(app, client=("203.0.113.7", 4711)) as attacker:
        for _ in range(30):
            attacker.get("/history", headers={"Authorization": f"Bearer {prefix}_{secrets.token_urlsafe(32)}"})
        owner = TestClient(app, client=("203.0.113.8", 4711))
        assert owner.get("/history", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize(
    "text", ["sl_", "sl__", "sl_x", "sl_" + "é" * 5, "sl_" + "x" * 5000, "sl_0123456789ab_", "sl_a_b_c_d", "SL_a_b"]
)
def test_odd_keys_are_unknown_keys(api, text):
    answer = api.get("/history", headers={"Authorization": f"Bearer {text}".encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (401, "E603_UNKNOWN_CALLER")


def talk(url: str, head: str, pieces) -> tuple[bytes, int]:
    """Send a request piece by piece until the server answers; gives the answer and how many body bytes went out."""
    parts, sent = urlsplit(url), 0
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(head.encode())
        connection.settimeout(0.01)
        for piece in pieces:
            try:
                if answer := connection.recv(65536):
                    return answer, sent
            except TimeoutError:
                pass
            connection.settimeout(60)
            try:
                connection.sendall(piece)
                sent += len(piece)
            except OSError:
                break
            connection.settimeout(0.001)
        connection.settimeout(60)
        return connection.recv(65536), sent


def test_200_megabytes_are_refused_before_they_are_read(tenant):
    head = (
        f"POST /meter-data HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {tenant.key}\r\n"
    )
    piece = b" " * MEGABYTE
    with server() as (url, _):
        announced, sent = talk(url, f"{head}Content-Length: {200 * MEGABYTE}\r\n\r\n", [piece] * 200)
        assert b" 413 " in announced.splitlines()[0] and sent <= 8 * MEGABYTE
        chunk = f"{MEGABYTE:x}\r\n".encode() + piece + b"\r\n"
        streamed, sent = talk(url, f"{head}Transfer-Encoding: chunked\r\n\r\n", [chunk] * 200)
        assert b" 413 " in streamed.splitlines()[0] and sent <= 64 * MEGABYTE
        foreign = head.replace(tenant.key, "sl_0123456789ab_wrong")
        unknown, sent = talk(url, f"{foreign}Content-Length: {20 * MEGABYTE}\r\n\r\n", [piece] * 20)
        assert b" 401 " in unknown.splitlines()[0] and sent <= 8 * MEGABYTE


@pytest.mark.parametrize(
    "deep",
    [
        '{"readings": [{"a": ' + "[" * 10_000 + "]" * 10_000 + "}]}",
        '{"readings": [' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "]}",
        '{"readings": [{"timestamp": 1}], "metadata": ' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "}",
    ],
    ids=["arrays", "objects", "metadata"],
)
def test_json_of_ten_thousand_levels_is_refused_and_the_next_request_is_served(api, tenant, warehouse, deep):
    headers = {"Content-Type": "application/json", **tenant.headers}
    answer = api.post("/meter-data", content=deep, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "F002_UNPARSEABLE")
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0
    assert api.post("/meter-data", content=json.dumps(readings(4)), headers=headers).status_code == 201


def test_more_rows_than_allowed_are_refused(api, tenant, warehouse):
    body = json.dumps({"readings": [{}] * 50_001})
    answer = api.post("/meter-data", content=body, headers={"Content-Type": "application/json", **tenant.headers})
    assert answer.status_code == 422 and "50000" in answer.json()["detail"].replace(",", "")
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0
