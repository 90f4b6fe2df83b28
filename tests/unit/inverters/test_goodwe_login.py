"""Logging in to GoodWe, how long a session is used, and which addresses of answers are believed; mocked HTTP."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
import responses

from include.core import errors
from include.security.tokens import Remembered
from tests.unit.http.fake_time import NOON, FakeTime
from tests.unit.inverters.goodwe_answers import SITE, body
from tests.unit.inverters.goodwe_mocked import (
    DIGEST,
    JSON,
    LOGIN,
    OPENAPI,
    STATIONS,
    WINDOW,
    calls,
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


def test_the_portal_gets_the_password_as_it_wants_it_and_the_flags(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    assert stations(connect(time)) == [SITE.external_site_id]
    sent = vendor.calls[0].request
    digest, moment_ms = base64.b64decode(sent.headers["x-signature"]).decode().split("@")
    assert digest == hashlib.sha256(f"{moment_ms}@@".encode()).hexdigest()
    assert json.loads(sent.headers["token"])["token"] == ""
    assert json.loads(sent.body) == {
        "account": "owner@example.com",
        "pwd": base64.b64encode(DIGEST.encode()).decode(),
        "agreement": 1,
        "isLocal": False,
        "isChinese": False,
    }


def test_each_call_carries_the_whole_session_and_a_signature_of_its_moment(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    account = connect(time)
    stations(account)
    stations(account)
    sent = calls(vendor, "stations/page")
    moments = []
    for request in sent:
        assert json.loads(request.headers["token"]) == json.loads(body("login__complete"))["data"]
        assert (request.headers["client"], request.headers["neutral"]) == ("semsPlusWeb", "0")
        digest, moment_ms = base64.b64decode(request.headers["x-signature"]).decode().split("@")
        assert digest == hashlib.sha256(f"{moment_ms}@5b0cd1@9f2e77".encode()).hexdigest()
        moments.append(int(moment_ms))
    assert moments[1] >= moments[0] + 1000
    assert len(calls(vendor, "cross-login")) == 1


def test_a_session_is_stored_with_a_life_of_our_own_and_used_by_the_next_worker(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    keeper = keeper_of(time)
    stations(connect(time, keeper))
    assert keeper.secret["expires_at"] == (NOON + timedelta(hours=12)).isoformat()
    assert (keeper.secret["access_token"], keeper.secret["chosen_mode"]) == ("9f2e77", "sems_plus")
    stations(connect(time, keeper))
    assert len(calls(vendor, "cross-login")) == 1
    time.now += timedelta(hours=12)
    stations(connect(time, keeper))
    assert len(calls(vendor, "cross-login")) == 2


@pytest.mark.parametrize("missing", ["uid", "token", "timestamp"])
def test_an_incomplete_login_is_an_error_and_not_stored(time, vendor, missing):
    login_with(vendor, **{missing: ""})
    keeper = keeper_of(time)
    with pytest.raises(errors.UnexpectedPayload, match=missing):
        stations(connect(time, keeper))
    assert keeper.secret == LOGIN


@pytest.mark.parametrize("over", ["100001", "100002", "C0602"])
def test_a_session_that_is_over_is_renewed_once_and_the_call_repeated(time, vendor, over):
    login_with(vendor)
    login_with(vendor, token="second")
    vendor.post(STATIONS, json=code(over))
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    assert stations(connect(time)) == [SITE.external_site_id]
    assert len(calls(vendor, "cross-login")) == 2
    assert json.loads(calls(vendor, "stations/page")[1].headers["token"])["token"] == "second"


def test_sessions_that_are_always_over_stop_after_one_new_login(time, vendor):
    for number in range(3):
        login_with(vendor, token=f"token-{number}")
    vendor.post(STATIONS, json=code("100002"))
    with pytest.raises(errors.AuthFailed, match="100002"):
        stations(connect(time))
    assert (len(calls(vendor, "cross-login")), len(calls(vendor, "stations/page"))) == (2, 2)


def test_the_session_of_another_worker_is_taken_over_without_a_login(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    keeper = keeper_of(time)
    account = connect(time, keeper)
    stations(account)
    keeper.secret |= {"access_token": "newer", "session": keeper.secret["session"] | {"token": "newer"}}
    vendor.replace(responses.POST, STATIONS, json=code("100002"))
    with pytest.raises(errors.AuthFailed):
        stations(account)
    assert len(calls(vendor, "cross-login")) == 1
    assert json.loads(calls(vendor, "stations/page")[-1].headers["token"])["token"] == "newer"


@pytest.mark.parametrize(
    ("named", "host"),
    [
        ("https://au-gateway.semsportal.com/web/sems", "au-gateway.semsportal.com"),
        ("https://gw.goodwe.com/web/sems/", "gw.goodwe.com"),
        ("https://evil.example/web/sems", "eu-gateway.semsportal.com"),
        ("https://evilsemsportal.com/web/sems", "eu-gateway.semsportal.com"),
        ("https://semsportal.com.evil.example/web/sems", "eu-gateway.semsportal.com"),
        ("https://eu-gateway.semsportal.com@evil.example/web/sems", "eu-gateway.semsportal.com"),
        ("https://evil.example\\.semsportal.com/web/sems", "eu-gateway.semsportal.com"),
        ("http://eu-gateway.semsportal.com/web/sems", "eu-gateway.semsportal.com"),
        ("https://eu-gateway.semsportal.com:8443/web/sems", "eu-gateway.semsportal.com"),
        ("", "eu-gateway.semsportal.com"),
        (None, "eu-gateway.semsportal.com"),
    ],
)
def test_only_the_vendors_own_gateways_are_believed(time, vendor, named, host):
    login_with(vendor, api=named)
    vendor.post(f"https://{host}/web/sems/sems-plant/api/portal/stations/page", body=body("stations__page"), **JSON)
    assert stations(connect(time)) == [SITE.external_site_id]


def test_another_region_is_another_portal(time, vendor):
    login_with(vendor, "https://au-semsplus.goodwe.com/web/sems/sems-user/api/v1/auth/cross-login", api=None)
    vendor.post(STATIONS.replace("//eu-", "//au-"), body=body("stations__page"), **JSON)
    assert stations(connect(time, keeper_of(time, region="au"))) == [SITE.external_site_id]
    with pytest.raises(errors.ConfigurationError, match="moon"):
        connect(time, keeper_of(time, region="moon"))


def test_auto_takes_the_openapi_where_the_account_may_use_it(time, vendor):
    vendor.post(f"{OPENAPI}/GetToken", json={"code": 0, "msg": "ok", "data": {"token": "open"}})
    vendor.post(f"{OPENAPI}/Plants", body=body("stations__records"), **JSON)
    keeper = keeper_of(time, mode="auto")
    account = connect(time, keeper, openapi_stations_path="/api/OpenApi/Plants")
    assert stations(account) == [SITE.external_site_id]
    assert json.loads(vendor.calls[0].request.body) == {"account": "owner@example.com", "pwd": DIGEST}
    assert vendor.calls[1].request.headers["token"] == "open"
    assert keeper.secret["chosen_mode"] == "openapi"


@pytest.mark.parametrize("refusal", [{"json": code(100025)}, {"status": 404}, {"status": 503}])
def test_auto_goes_on_to_the_portal_and_remembers_that(time, vendor, refusal):
    vendor.post(f"{OPENAPI}/GetToken", **refusal)
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    keeper = keeper_of(time, mode="auto")
    stations(connect(time, keeper))
    asked = len(calls(vendor, "GetToken"))
    time.now += timedelta(hours=13)
    stations(connect(time, keeper))
    assert keeper.secret["chosen_mode"] == "sems_plus"
    assert len(calls(vendor, "GetToken")) == asked


def test_the_openapi_is_called_encrypted_only(time, vendor):
    with pytest.raises(errors.HostRefused, match="unencrypted"):
        connect(time, openapi_url="http://openapi.semsportal.com")
    assert len(vendor.calls) == 0


def test_an_api_key_that_is_a_login_becomes_one(time, vendor):
    login_with(vendor)
    vendor.post(STATIONS, body=body("stations__page"), **JSON)
    keeper = keeper_of(time, api_key=json.dumps(LOGIN))
    assert stations(connect(time, keeper)) == [SITE.external_site_id]
    assert keeper.secret["account"] == "owner@example.com" and "api_key" not in keeper.secret


def test_an_issued_token_goes_to_the_openapi_and_ends_at_its_first_refusal(time, vendor):
    vendor.post(f"{OPENAPI}/GetPlantGeneration", body=body("openapi_plant__records"), **JSON)
    account = connect(time, keeper_of(time, api_key="issued-token"))
    assert len(list(account.fetch(SITE, WINDOW))) == 1
    assert vendor.calls[0].request.headers["token"] == "issued-token"
    vendor.replace(responses.POST, f"{OPENAPI}/GetPlantGeneration", json=code(100002))
    with pytest.raises(errors.ReauthRequired, match="goodwe_token_expired"):
        list(account.fetch(SITE, WINDOW))
    assert len(vendor.calls) == 2


@pytest.mark.parametrize("secret", [{"api_key": ""}, {"api_key": "  "}, {"account": "a"}, {"password": "b"}, {}])
def test_an_account_without_a_secret_is_refused_before_any_call(time, vendor, secret):
    with pytest.raises(errors.AuthFailed):
        connect(time, Remembered(secret))
    assert len(vendor.calls) == 0
