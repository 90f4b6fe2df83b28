"""Faults that only a real socket can have, scripted in the simulator's control endpoint."""

import base64
import gzip
import socket
import threading
import time as real_time

import pytest
import requests

from include.core import errors
from include.http.calls import get
from include.http.hosts import host_of
from include.http.session import Limits, build
from simulators.server import Clock, running
from simulators.solaredge import DEMO_KEY, create_app
from tests.unit.http.fake_time import NOON, FakeTime


@pytest.fixture(scope="module")
def vendor():
    with running(create_app(clock=Clock(NOON, is_frozen=True), calls_per_minute=1000)) as url:
        yield url


@pytest.fixture
def script(vendor):
    yield lambda *faults: requests.post(f"{vendor}/_control/faults", json=faults, timeout=2)
    requests.delete(f"{vendor}/_control/faults", timeout=2)


def make(url, **limits):
    time = FakeTime()
    headers = {"X-API-Key": DEMO_KEY}
    return build(url, headers, {host_of(url)}, sleep=time.sleep, clock=time.clock, limits=Limits(**limits))


def test_a_clean_answer_comes_at_the_first_try(vendor):
    session = make(vendor)
    assert get(session, "/v2/sites").request["status"] == 200


def test_c3_a_slow_drip_ends_at_the_total_deadline(vendor, script):
    script({"drip_s": 0.02, "times": 4})
    began = real_time.monotonic()
    with pytest.raises(errors.VendorUnavailable, match=r"none within 0\.15 s"):
        get(make(vendor, deadline_s=0.15), "/v2/sites")
    assert real_time.monotonic() - began < 1.5


def test_c3_dripping_headers_end_at_the_total_deadline():
    def drip(listener):
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000:
                        connection.send(bytes([byte]))
                        real_time.sleep(0.02)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(errors.VendorUnavailable, match="none within"):
            get(make(url, deadline_s=0.1), "/")


def test_c3_a_silent_server_ends_at_the_read_timeout(vendor, script):
    script({"delay_s": 0.5, "times": 4})
    with pytest.raises(errors.VendorUnavailable, match="ReadTimeout"):
        get(make(vendor, read_timeout_s=0.05), "/v2/sites")


@pytest.mark.parametrize("offset", [0, 1, 50, 200, 500])
def test_c4_a_cut_body_is_tried_again(vendor, script, offset):
    whole = get(make(vendor), "/v2/sites").body
    script({"cut_after": offset})
    session = make(vendor)
    assert get(session, "/v2/sites").body == whole
    assert session.clock() > NOON


def test_c4_a_body_that_stays_cut_is_an_error(vendor, script):
    script({"cut_after": 200, "times": 4})
    with pytest.raises(errors.VendorUnavailable, match="no complete answer"):
        get(make(vendor), "/v2/sites")


def test_c12_a_compression_bomb_stops_at_the_decoded_limit(vendor, script):
    bomb = base64.b64encode(gzip.compress(b"0" * 20_000_000)).decode()
    script({"status": 200, "headers": {"content-encoding": "gzip"}, "body_base64": bomb})
    with pytest.raises(errors.AnswerTooLarge):
        get(make(vendor, body_bytes=1_000_000), "/v2/sites")


def test_c12_a_giant_answer_stops_at_the_wire_limit(vendor, script):
    script({"status": 200, "body": "0" * 1_000_000})
    with pytest.raises(errors.AnswerTooLarge):
        get(make(vendor, wire_bytes=100_000), "/v2/sites")


def test_compressed_answers_are_stored_decoded(vendor, script):
    packed = base64.b64encode(gzip.compress(b'{"a": 1}')).decode()
    script({"status": 200, "headers": {"content-encoding": "gzip"}, "body_base64": packed})
    assert get(make(vendor), "/v2/sites").body == b'{"a": 1}'


def test_c13_a_second_server_sees_nothing_of_a_redirect(vendor, script):
    with running(create_app()) as stranger:
        script({"status": 302, "headers": {"location": f"{stranger}/v2/sites"}})
        with pytest.raises(errors.HostRefused):
            get(make(vendor), "/v2/sites")
        assert requests.get(f"{stranger}/_control/requests", timeout=2).json() == []


def test_a_redirect_on_the_same_host_is_followed(vendor, script):
    script({"path": "/old", "status": 308, "headers": {"location": "/v2/sites?page=2"}})
    assert b'"site":[]' in get(make(vendor), "/old").body
