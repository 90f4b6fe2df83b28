"""GoodWe's codes inside HTTP 200, its limits, and what must stay secret; mocked HTTP."""

import base64

import pytest
import responses

from include.core import errors
from include.sources.inverters import goodwe
from include.sources.inverters.base import Settings
from tests.unit.http.fake_time import FakeTime
from tests.unit.inverters.goodwe_answers import SITE, body
from tests.unit.inverters.goodwe_mocked import (
    DIGEST,
    GATEWAY,
    JSON,
    PASSWORD,
    PORTAL,
    STATIONS,
    WINDOW,
    code,
    connect,
    keeper_of,
    login_with,
    stations,
)


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def vendor():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("100004", errors.BadRequest),
        ("S0327", errors.BadRequest),
        ("100025", errors.SiteForbidden),
        ("A0211", errors.AuthFailed),
        ("100005", errors.AuthFailed),
        ("B0001", errors.VendorUnavailable),
        ("X9999", errors.UnexpectedPayload),
    ],
)
def test_codes_inside_http_200_are_named_errors(time, vendor, value, error):
    login_with(vendor)
    vendor.post(STATIONS, json=code(value, "some words"))
    with pytest.raises(error, match=f"{value}: some words") as caught:
        stations(connect(time))
    assert type(caught.value) is error


def test_a_wrong_password_is_tried_once(time, vendor):
    vendor.post(PORTAL, json=code("100005", "wrong e-mail or password"))
    with pytest.raises(errors.AuthFailed, match="100005"):
        stations(connect(time))
    assert len(vendor.calls) == 1


def test_success_without_data_is_no_success(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("success__empty"), **JSON)
    with pytest.raises(errors.UnexpectedPayload, match="no data"):
        stations(connect(time))


def test_an_account_without_stations_is_no_error(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__none"), **JSON)
    assert stations(connect(time)) == []


@pytest.mark.parametrize("refusal", [{"body": body("error__rate_limit"), **JSON}, {"status": 429}])
def test_a_throttled_account_pauses_twice_as_long_each_time(time, vendor, refusal):
    login_with(vendor)
    vendor.post(STATIONS, **refusal)
    account, pauses_s = connect(time), []
    for _ in range(5):
        with pytest.raises(errors.RateLimited) as caught:
            stations(account)
        pauses_s.append(round((caught.value.retry_at - time.now).total_seconds()))
        time.now = caught.value.retry_at
    assert max(pauses_s) == 300 and pauses_s == sorted(pauses_s)
    assert 60 in [round(nap_s) for nap_s in time.naps_s]


def test_a_pause_is_short_again_after_an_answer(time, vendor):
    login_with(vendor)
    for answer in ("error__rate_limit", "stations__page", "error__rate_limit", "stations__page"):
        vendor.post(STATIONS, body=body(answer), **JSON)
    account = connect(time)
    stations(account)
    stations(account)
    assert [round(nap_s) for nap_s in time.naps_s if nap_s > 10] == [60, 60]


def test_calls_of_an_account_are_a_second_apart_and_all_of_them_count(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)

    class Counted:
        calls = 0

        def reserve(self):
            self.calls += 1

    budget = Counted()
    account = goodwe.connect(keeper_of(time), Settings(sleep=time.sleep, clock=time.clock), budget)
    stations(account)
    stations(account)
    assert time.naps_s == [1, 1]
    assert budget.calls == len(vendor.calls) == 3


def test_nothing_secret_is_in_errors_answers_or_reprs(time, vendor, caplog):
    caplog.set_level("DEBUG")
    pwd = base64.b64encode(DIGEST.encode()).decode()
    secrets = [PASSWORD, DIGEST, pwd, "9f2e77"]
    login_with(vendor)
    vendor.post(STATIONS, json=code("S0327", f"you sent {' and '.join(secrets)}"))
    vendor.post(f"{GATEWAY}/v1/hems/power/statisticsAndPreV2", body=body("curve__quarter_hours"), **JSON)
    account = connect(time)
    with pytest.raises(errors.BadRequest) as caught:
        stations(account)
    [answer] = account.fetch(SITE, WINDOW)
    signature = vendor.calls[-1].request.headers["x-signature"]
    for told in (str(caught.value), repr(caught.value), repr(account), str(answer.request), caplog.text):
        assert not any(secret in told for secret in [*secrets, signature])


def test_a_login_that_repeats_the_password_in_its_refusal_does_not_show_it(time, vendor):
    vendor.post(PORTAL, json=code("A0211", f"{PASSWORD} {DIGEST} is wrong"))
    with pytest.raises(errors.AuthFailed) as caught:
        stations(connect(time))
    assert PASSWORD not in str(caught.value) and DIGEST not in str(caught.value)
