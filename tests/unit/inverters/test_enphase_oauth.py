"""Tokens of Enphase accounts: renewal, rotation, consent and the installer's login, through mocked HTTP."""

import json
from base64 import b64decode
from datetime import datetime, timedelta

import pytest
import responses

from include.core import errors
from include.security.tokens import Remembered
from include.sources.inverters import enphase
from tests.unit.http.fake_time import NOON, FakeTime
from tests.unit.inverters.enphase_account import BASE, MICROS, OURS, TOKEN, WORD, connect, fetched, keeper, settings


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def vendor():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def token_answer(number):
    return {
        "access_token": f"canary-access-{number}",
        "refresh_token": f"canary-refresh-{number}",
        "token_type": "bearer",
        "expires_in": 86393,
        "scope": "read write",
        "enl_uid": "217",
    }


def test_a_token_near_its_end_is_renewed_before_the_call(time, vendor):
    vendor.post(TOKEN, json=token_answer(2))
    vendor.get(MICROS, json={})
    held = keeper(time, life=timedelta(minutes=1))
    (answer,) = fetched(connect(time, held))
    renewal, call = (exchange.request for exchange in vendor.calls)
    assert renewal.params == {"grant_type": "refresh_token", "refresh_token": "canary-refresh-1"}
    assert b64decode(renewal.headers["Authorization"].removeprefix("Basic ")).decode() == f"our-app:{OURS}"
    assert call.headers["Authorization"] == "Bearer canary-access-2"
    assert held.secret["refresh_token"] == "canary-refresh-2"
    assert held.secret["enl_uid"] == "217"
    assert datetime.fromisoformat(held.secret["expires_at"]) == NOON + timedelta(seconds=86393)
    assert datetime.fromisoformat(held.secret["renewable_until"]) == NOON + timedelta(days=30)
    assert "canary" not in json.dumps(answer.request)


def test_c8_a_refused_token_is_renewed_once_and_the_call_is_repeated_once(time, vendor):
    refusal = {"message": "Not Authorized", "details": "User is not authorized", "code": 401}
    vendor.get(MICROS, status=401, json=refusal)
    vendor.post(TOKEN, json=token_answer(2))
    with pytest.raises(errors.AuthFailed):
        fetched(connect(time))
    assert [call.request.method for call in vendor.calls] == ["GET", "POST", "GET"]


def test_a_used_up_refresh_token_needs_the_owner(time, vendor):
    vendor.post(TOKEN, status=400, json={"error": "invalid_grant", "error_description": "bad canary-refresh-1"})
    with pytest.raises(errors.ReauthRequired) as caught:
        fetched(connect(time, keeper(time, life=timedelta(0))))
    assert "canary" not in str(caught.value)
    assert len(vendor.calls) == 1


def test_a_partner_logs_in_with_name_and_password(time, vendor):
    vendor.post(TOKEN, json=token_answer(1))
    vendor.get(MICROS, json={})
    held = Remembered({"username": "ann@example.com", "password": WORD}, now=time.clock)
    (answer,) = fetched(connect(time, held))
    login = vendor.calls[0].request
    assert login.params == {"grant_type": "password", "username": "ann@example.com", "password": WORD}
    assert held.secret["password"] == WORD and held.secret["refresh_token"] == "canary-refresh-1"
    assert "canary" not in json.dumps(answer.request)


def test_a_partner_whose_refresh_token_died_logs_in_again(time, vendor):
    def token(request):
        is_login = request.params["grant_type"] == "password"
        return (200, {}, json.dumps(token_answer(2))) if is_login else (400, {}, '{"error": "invalid_grant"}')

    vendor.add_callback("POST", TOKEN, token, content_type="application/json")
    vendor.get(MICROS, json={})
    held = keeper(time, life=timedelta(0), username="ann@example.com", password=WORD)
    fetched(connect(time, held))
    assert held.secret["access_token"] == "canary-access-2"


def test_an_account_with_nothing_in_it_needs_the_owner(time, vendor):
    with pytest.raises(errors.ReauthRequired):
        fetched(connect(time, Remembered({}, now=time.clock)))
    assert len(vendor.calls) == 0


def test_the_consent_page_is_asked_for_our_application(time):
    url = enphase.GRANT.authorize_url(settings(time), "st/ate", "https://sun.example/api/oauth/callback", None)
    assert url == (
        f"{BASE}/oauth/authorize?response_type=code&client_id=our-app"
        "&redirect_uri=https%3A%2F%2Fsun.example%2Fapi%2Foauth%2Fcallback&state=st%2Fate"
    )
    assert enphase.GRANT.USES_PKCE is False


def test_a_code_becomes_the_secret_to_store(time, vendor):
    vendor.post(TOKEN, json=token_answer(1))
    callback = {"code": "canary-code", "state": "s"}
    secret = enphase.GRANT.exchange(settings(time), callback, "https://sun.example/cb", None)
    assert vendor.calls[0].request.params == {
        "grant_type": "authorization_code",
        "code": "canary-code",
        "redirect_uri": "https://sun.example/cb",
    }
    assert (secret["access_token"], secret["refresh_token"]) == ("canary-access-1", "canary-refresh-1")


def test_a_denied_consent_is_told_in_the_vendors_words(time):
    with pytest.raises(errors.ReauthRequired, match="access_denied"):
        enphase.GRANT.exchange(settings(time), {"error": "access_denied"}, "https://sun.example/cb", None)
