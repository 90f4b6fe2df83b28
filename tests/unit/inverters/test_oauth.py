"""Token endpoints, bearer headers and secrets, as all vendors with OAuth share them."""

import traceback
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import responses

from include.core import errors
from include.http.calls import get
from include.http.session import build
from include.security.tokens import Remembered, TokenLife
from include.sources.inverters.base import Settings
from include.sources.inverters.oauth import (
    Bearer,
    application,
    as_secret,
    ask,
    code_of,
    refresh_token_of,
    token_answer,
)
from tests.unit.http.fake_time import NOON, FakeTime

TOKEN_URL = "https://auth.vendor.example/oauth/token"
API = "https://api.vendor.example"
CANARY = "canary-9b1e44d0"
FORM = {"grant_type": "refresh_token", "refresh_token": CANARY, "client_secret": f"{CANARY}-app"}


@pytest.fixture
def vendor():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def settings():
    time = FakeTime()
    return Settings(options={"client_id": "us", "client_secret": CANARY}, sleep=time.sleep, clock=time.clock)


def refusal(vendor, settings, status, payload):
    """The error that a refusal of the token endpoint raises."""
    vendor.post(TOKEN_URL, status=status, json=payload)
    with pytest.raises(errors.SunledgerError) as caught:
        token_answer(TOKEN_URL, settings, form=FORM)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_form_reaches_the_token_endpoint(vendor, settings):
    call = vendor.post(TOKEN_URL, json={"access_token": "new"})
    assert token_answer(TOKEN_URL, settings, form=FORM, headers={"Authorization": "Basic dXM="}) == {
        "access_token": "new"
    }
    sent = call.calls[0].request
    assert parse_qs(sent.body) == {name: [value] for name, value in FORM.items()}
    assert sent.headers["Authorization"] == "Basic dXM="


@pytest.mark.parametrize("form", ["json", "query"])
def test_json_and_query_work_too(vendor, settings, form):
    call = vendor.post(TOKEN_URL, json={"access_token": "new"})
    token_answer(TOKEN_URL, settings, **{form: FORM})
    sent = call.calls[0].request
    if form == "json":
        assert sent.headers["Content-Type"] == "application/json"
        assert CANARY in sent.body.decode()
    else:
        assert f"refresh_token={CANARY}" in sent.url


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "invalid_grant", errors.ReauthRequired),
        (401, "invalid_token", errors.ReauthRequired),
        (200, "invalid_grant", errors.ReauthRequired),
        (400, "invalid_client", errors.ConfigurationError),
        (401, "invalid_client", errors.ConfigurationError),
        (400, "unauthorized_client", errors.ConfigurationError),
        (400, "invalid_scope", errors.BadRequest),
        (400, "something_else", errors.BadRequest),
        (401, "something_else", errors.AuthFailed),
        (400, "temporarily_unavailable", errors.VendorUnavailable),
        (503, "invalid_grant", errors.VendorUnavailable),
    ],
)
def test_token_errors_have_names(vendor, settings, status, name, kind):
    payload = {"error": name, "error_description": f"about {CANARY}"}
    assert type(refusal(vendor, settings, status, payload)) is kind


def test_a_wrong_application_is_no_fault_of_the_account(vendor, settings):
    failure = refusal(vendor, settings, 401, {"error": "invalid_client", "error_description": CANARY})
    assert not isinstance(failure, errors.AuthFailed)
    assert "client secret" in failure.remedy


def test_a_refusal_without_oauth_error_is_judged_by_its_status(vendor, settings):
    assert type(refusal(vendor, settings, 403, {"title": "Forbidden"})) is errors.SiteForbidden


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 7}, [CANARY], {"id_token": CANARY}])
def test_an_answer_without_token_is_refused(vendor, settings, answer):
    assert type(refusal(vendor, settings, 200, answer)) is errors.UnexpectedPayload


def test_the_token_endpoint_is_never_left(vendor, settings):
    vendor.post(TOKEN_URL, status=302, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(errors.UnexpectedPayload):
        ask(TOKEN_URL, settings, form=FORM)
    assert len(vendor.calls) == 1


def test_a_secret_keeps_what_the_answer_does_not_replace():
    previous = {"site_id": 7, "refresh_token": "old", "renewable_until": "2026-12-01T00:00:00+00:00"}
    secret = as_secret({"access_token": "a", "expires_in": "7200"}, NOON, previous, timedelta(days=30))
    assert secret == {
        **previous,
        "access_token": "a",
        "obtained_at": NOON.isoformat(),
        "expires_at": (NOON + timedelta(hours=2)).isoformat(),
    }


@pytest.mark.parametrize(
    ("answer", "refresh_life", "renewable_for"),
    [
        ({"refresh_token": "r"}, timedelta(days=30), timedelta(days=30)),
        ({"refresh_token": "r", "refresh_expires_in": 172800}, timedelta(days=30), timedelta(days=2)),
        ({"refresh_token": "r", "refresh_expires_in": 0}, timedelta(days=30), timedelta(days=30)),
        ({"refresh_token": "r"}, None, None),
        ({}, timedelta(days=30), None),
    ],
)
def test_a_refresh_token_has_its_own_life(answer, refresh_life, renewable_for):
    secret = as_secret({"access_token": "a", **answer}, NOON, None, refresh_life)
    expected = renewable_for and (NOON + renewable_for).isoformat()
    assert secret.get("renewable_until") == expected
    assert secret.get("refresh_token") == answer.get("refresh_token")


@pytest.mark.parametrize("expires_in", [None, 0, -5, "soon", True, "nan"])
def test_a_token_without_usable_life_counts_as_an_hour(expires_in):
    secret = as_secret({"access_token": "a", "expires_in": expires_in}, NOON)
    assert secret["expires_at"] == (NOON + timedelta(hours=1)).isoformat()


def life(*tokens):
    """A token life whose vendor hands out these tokens one after the other."""
    waiting = list(tokens)
    keeper = Remembered(as_secret({"access_token": "first"}, NOON), lambda: NOON)

    def renew(secret):
        if not waiting:
            raise errors.ReauthRequired("nothing left")
        return as_secret({"access_token": waiting.pop(0)}, NOON, secret)

    return TokenLife(keeper, renew)


def api_session(access):
    time = FakeTime()
    return build(API, {}, {"api.vendor.example"}, sleep=time.sleep, clock=time.clock, access=access)


def test_a_refused_token_is_renewed_once_and_the_call_is_repeated(vendor):
    vendor.get(f"{API}/data", status=401)
    vendor.get(f"{API}/data", json={})
    get(api_session(Bearer(life("second"), {"key": "app"})), "/data")
    sent = [(call.request.headers["Authorization"], call.request.headers["key"]) for call in vendor.calls]
    assert sent == [("Bearer first", "app"), ("Bearer second", "app")]


def test_a_token_that_cannot_be_renewed_ends_the_call(vendor):
    vendor.get(f"{API}/data", status=401)
    with pytest.raises(errors.ReauthRequired):
        get(api_session(Bearer(life())), "/data")
    assert len(vendor.calls) == 1


def test_a_renewed_token_that_is_refused_too_is_not_renewed_again(vendor):
    vendor.get(f"{API}/data", status=401)
    with pytest.raises(errors.AuthFailed):
        get(api_session(Bearer(life("second", "third"))), "/data")
    assert len(vendor.calls) == 2


def test_a_missing_setting_is_named():
    with pytest.raises(errors.ConfigurationError, match="ACME_CLIENT_SECRET"):
        application(Settings(options={"client_id": "us"}), "acme")


def test_an_account_without_refresh_token_needs_its_owner():
    with pytest.raises(errors.ReauthRequired):
        refresh_token_of({"access_token": "a"})


def test_a_denied_consent_is_named():
    assert code_of({"code": "c", "state": "s"}) == "c"
    with pytest.raises(errors.ReauthRequired, match="access_denied"):
        code_of({"error": "access_denied", "state": "s"})
