import logging
import traceback
from datetime import timedelta

import pytest
import requests
import responses

from include.core import errors
from include.http.calls import get
from include.http.session import Limits, build
from tests.unit.http.fake_time import NOON, FakeTime

BASE = "https://api.vendor.example"
CANARY = "canary-7f3a91c2"
JSON = {"content_type": "application/json"}


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def session(time):
    return make(time)


@pytest.fixture
def vendor():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def make(time, **options):
    headers = {"X-API-Key": CANARY}
    return build(BASE, headers, {"api.vendor.example"}, sleep=time.sleep, clock=time.clock, **options)


class Purse:
    """A budget of some calls."""

    def __init__(self, calls, refusal=None):
        self.calls, self.refusal, self.reserved = calls, refusal, 0

    def reserve(self):
        if self.reserved >= self.calls:
            raise self.refusal
        self.reserved += 1


def test_an_answer_is_kept_byte_for_byte_with_its_request(session, vendor):
    vendor.get(f"{BASE}/v2/sites", body=b'{"a": 1}', content_type="application/json; charset=utf-8")
    answer = get(session, "/v2/sites", types=["A", "B"], page=1)
    assert answer.body == b'{"a": 1}'
    assert answer.content_type == "application/json"
    assert answer.request == {
        "method": "GET",
        "path": "/v2/sites",
        "query": {"types": ["A", "B"], "page": 1},
        "fetched_at": "2026-11-20T12:00:00+00:00",
        "status": 200,
    }
    assert vendor.calls[0].request.url == f"{BASE}/v2/sites?types=A&types=B&page=1"


@pytest.mark.parametrize("retry_after", ["30", "Fri, 20 Nov 2026 12:00:30 GMT"])
def test_c1_a_429_waits_at_least_as_long_as_it_says(session, vendor, time, retry_after):
    vendor.get(f"{BASE}/a", status=429, headers={"Retry-After": retry_after})
    vendor.get(f"{BASE}/a", status=429, headers={"Retry-After": "20"})
    vendor.get(f"{BASE}/a", json={})
    assert get(session, "/a").request["fetched_at"] == (NOON + timedelta(seconds=50)).isoformat()
    assert time.naps_s == [30, 20]


def test_c1_a_long_wait_is_left_to_the_scheduler(session, vendor, time):
    vendor.get(f"{BASE}/a", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(errors.RateLimited) as caught:
        get(session, "/a")
    assert caught.value.retry_at == NOON + timedelta(hours=1)
    assert time.naps_s == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_c2_server_errors_are_tried_four_times(session, vendor, time, status):
    vendor.get(f"{BASE}/a", status=status)
    with pytest.raises(errors.VendorUnavailable, match=f"HTTP {status}"):
        get(session, "/a")
    assert [int(nap) for nap in time.naps_s] == [2, 4, 8]
    assert len(vendor.calls) == 4


def test_c2_a_connection_error_is_tried_again(session, vendor, time):
    vendor.get(f"{BASE}/a", body=requests.ConnectionError("reset"))
    vendor.get(f"{BASE}/a", json=[])
    assert get(session, "/a").body == b"[]"
    assert len(time.naps_s) == 1


def test_c2_a_503_that_names_a_long_wait_says_so(session, vendor):
    vendor.get(f"{BASE}/a", status=503, headers={"Retry-After": "600"})
    with pytest.raises(errors.VendorUnavailable) as caught:
        get(session, "/a")
    assert caught.value.retry_at == NOON + timedelta(minutes=10)


def test_c4_json_cut_short_is_tried_again(session, vendor):
    vendor.get(f"{BASE}/a", body='{"values": [1, 2', **JSON)
    vendor.get(f"{BASE}/a", body='{"values": [1, 2]}', **JSON)
    assert get(session, "/a").body == b'{"values": [1, 2]}'


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_c5_a_login_page_is_not_data(session, vendor, time, kind):
    page = f"<!DOCTYPE html>\n<html><h1>Please log in</h1>{CANARY}</html>"
    vendor.get(f"{BASE}/a", body=page, content_type=kind, headers={"Set-Cookie": "session=crumb"})
    with pytest.raises(errors.AuthOrGateway, match="Please log in") as caught:
        get(session, "/a")
    assert "crumb" not in str(caught.value)
    assert "crumb" not in str(session.cookies)
    assert time.naps_s == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.BadRequest),
        (401, errors.AuthFailed),
        (403, errors.SiteForbidden),
        (404, errors.SiteGone),
        (410, errors.ApiWithdrawn),
        (422, errors.BadRequest),
        (418, errors.BadRequest),
    ],
)
def test_refusals_are_named_and_not_repeated(session, vendor, time, status, error):
    problem = {"title": "No", "detail": "because", "status": status}
    vendor.get(f"{BASE}/a", json=problem, status=status, content_type="application/problem+json")
    with pytest.raises(error, match="No: because") as caught:
        get(session, "/a")
    assert type(caught.value) is error
    assert caught.value.remedy
    assert time.naps_s == []


def test_the_budget_is_asked_before_every_try(vendor, time):
    purse = Purse(10)
    vendor.get(f"{BASE}/a", status=500)
    vendor.get(f"{BASE}/a", status=302, headers={"Location": "/b"})
    vendor.get(f"{BASE}/b", json={})
    get(make(time, budget=purse), "/a")
    assert purse.reserved == 3


def test_an_exhausted_budget_stops_without_a_call(vendor, time):
    purse = Purse(0, errors.QuotaExhausted("none left"))
    with pytest.raises(errors.QuotaExhausted):
        get(make(time, budget=purse), "/a")
    assert len(vendor.calls) == 0


def test_a_budget_that_frees_up_soon_is_waited_for(vendor, time):
    purse = Purse(0, errors.RateLimited("ten a minute", retry_at=NOON + timedelta(seconds=40)))
    session = make(time, budget=purse)
    session.sleep = lambda seconds: (time.sleep(seconds), setattr(purse, "calls", 1))
    vendor.get(f"{BASE}/a", json={})
    get(session, "/a")
    assert time.naps_s == [40]


def test_c12_a_body_over_the_limit_is_refused(vendor, time):
    vendor.get(f"{BASE}/a", body=b"x" * 5000)
    with pytest.raises(errors.AnswerTooLarge):
        get(make(time, limits=Limits(body_bytes=4000)), "/a")


@pytest.mark.parametrize("target", ["https://evil.example/steal", "//evil.example/", "http://api.vendor.example/a"])
def test_c13_a_redirect_off_the_allow_list_is_refused(session, vendor, target):
    vendor.get(f"{BASE}/a", status=302, headers={"Location": target})
    with pytest.raises(errors.HostRefused):
        get(session, "/a")
    assert len(vendor.calls) == 1


def test_redirects_without_end_are_given_up(session, vendor):
    vendor.get(f"{BASE}/a", status=307, headers={"Location": "/a"})
    with pytest.raises(errors.VendorUnavailable, match="without end"):
        get(session, "/a")


def test_a_path_cannot_change_the_host(session, vendor):
    with pytest.raises(errors.HostRefused):
        get(session, "@evil.example/")


def test_a_base_url_off_the_allow_list_is_refused():
    with pytest.raises(errors.HostRefused):
        build("https://evil.example", {}, {"api.vendor.example"})


@pytest.mark.parametrize("key", [CANARY + "\n", CANARY + "\x00", "ca\u00f1ary"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key):
    with pytest.raises(errors.AuthFailed) as caught:
        build(BASE, {"X-API-Key": key}, {"api.vendor.example"})
    assert "ary" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 401, "json": {"title": "Unauthorized", "detail": f"bad key {CANARY}"}},
        {"status": 403, "body": f"key {CANARY} may not"},
        {"status": 500, "body": CANARY},
        {"status": 429, "body": CANARY, "headers": {"Retry-After": "3600"}},
        {"body": f"<html>{CANARY}</html>", "content_type": "text/html"},
        {"body": requests.ConnectionError(f"url: /a?key={CANARY}")},
        {"status": 302, "headers": {"Location": f"https://evil.example/?key={CANARY}"}},
    ],
)
def test_f16_the_key_appears_in_no_message_log_or_traceback(session, vendor, caplog, reply):
    caplog.set_level(logging.DEBUG)
    vendor.get(f"{BASE}/a", **reply)
    with pytest.raises(errors.VendorError) as caught:
        get(session, "/a")
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown + str(caught.value) + repr(caught.value) + caplog.text + repr(session)


def test_f16_the_key_is_not_kept_with_the_answer(session, vendor, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.get(f"{BASE}/a", json={})
    assert CANARY not in repr(get(session, "/a")) + caplog.text
    assert vendor.calls[0].request.headers["X-API-Key"] == CANARY


def test_a_vendor_may_read_more_out_of_a_refusal_than_its_status(time, vendor):
    def refused(status, body):
        if status == 400 and b"invalid_grant" in body:
            raise errors.ReauthRequired(f"used up: {body.decode()}")

    session = make(time, refused=refused)
    vendor.get(f"{BASE}/a", status=400, json={"error": "invalid_grant", "about": CANARY})
    vendor.get(f"{BASE}/b", status=400, json={"error": "other"})
    with pytest.raises(errors.ReauthRequired, match="used up") as caught:
        get(session, "/a")
    assert CANARY not in str(caught.value)
    with pytest.raises(errors.BadRequest):
        get(session, "/b")
