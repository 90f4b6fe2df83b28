from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fastapi import FastAPI, Request

from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Authority, TokenRefused, s256
from simulators.oauth_routes import basic_client, consent_page, form_of, oauth_control, refuse_plainly
from simulators.server import Clock, running

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BACK = "http://app.example/callback?tab=1"
CLIENT = {"client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
AUTHORIZE = {"client_id": DEMO_CLIENT_ID, "redirect_uri": BACK, "state": "s-1"}


@pytest.fixture
def clock():
    return Clock(NOW, is_frozen=True)


@pytest.fixture
def authority(clock):
    return Authority(clock, "Acme", redirect_uris=frozenset({BACK}), users={"ann": "pw"})


def refresh(authority, token):
    return authority.token({"grant_type": "refresh_token", "refresh_token": token, **CLIENT})


def exchange(authority, code, **fields):
    return authority.token({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **CLIENT, **fields})


def error_of(call, *arguments, **fields):
    with pytest.raises(TokenRefused) as caught:
        call(*arguments, **fields)
    return caught.value.error


def bearer(answer):
    return f"Bearer {answer['access_token']}"


def test_a_code_is_good_once_and_for_its_address_only(authority):
    code, _ = authority.code("owner", AUTHORIZE)
    answer = exchange(authority, code)
    assert authority.grant_of(bearer(answer)).subject == "owner"
    assert error_of(exchange, authority, code) == "invalid_grant"
    other, _ = authority.code("owner", AUTHORIZE)
    assert error_of(exchange, authority, other, redirect_uri=BACK + "&more") == "invalid_grant"


def test_a_challenge_needs_its_verifier(authority):
    query = {**AUTHORIZE, "code_challenge": s256("v" * 43), "code_challenge_method": "S256"}
    assert error_of(exchange, authority, authority.code("owner", query)[0], code_verifier="w" * 43) == "invalid_grant"
    assert exchange(authority, authority.code("owner", query)[0], code_verifier="v" * 43)["token_type"] == "Bearer"


def test_a_refresh_token_is_good_once(authority):
    first = authority.issue()
    second = refresh(authority, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert error_of(refresh, authority, first["refresh_token"]) == "invalid_grant"
    assert refresh(authority, second["refresh_token"])["access_token"]
    assert authority.calls == {"refresh_token": 2, "refused": 1}


def test_within_the_grace_an_old_refresh_token_still_works(authority, clock):
    authority.grace = timedelta(minutes=1)
    first = authority.issue()
    refresh(authority, first["refresh_token"])
    assert refresh(authority, first["refresh_token"])["access_token"]
    clock.move_to(NOW + timedelta(minutes=1))
    assert error_of(refresh, authority, first["refresh_token"]) == "invalid_grant"


def test_without_rotation_the_refresh_token_stays(authority):
    authority.rotates = False
    first = authority.issue()
    assert {refresh(authority, first["refresh_token"])["refresh_token"] for _ in range(2)} == {first["refresh_token"]}


def test_tokens_run_out_by_the_clock(authority, clock):
    answer = authority.issue()
    clock.move_to(NOW + authority.token_life)
    assert authority.grant_of(bearer(answer)) is None
    clock.move_to(NOW + authority.refresh_life)
    assert error_of(refresh, authority, answer["refresh_token"]) == "invalid_grant"


def test_a_revoked_grant_is_dead_and_others_live(authority):
    one, two = authority.issue(), authority.issue()
    authority.revoke(one["refresh_token"])
    assert authority.grant_of(bearer(one)) is None
    assert error_of(refresh, authority, one["refresh_token"]) == "invalid_grant"
    assert authority.grant_of(bearer(two))


def test_a_wrong_client_gets_nothing(authority):
    token = authority.issue()["refresh_token"]
    call = {"grant_type": "refresh_token", "refresh_token": token, **CLIENT, "client_secret": "no"}
    assert error_of(authority.token, call) == "invalid_client"
    assert refresh(authority, token)["access_token"]


def test_password_and_client_credentials_are_taken_where_allowed(authority):
    call = {"grant_type": "password", "username": "ann", "password": "pw", **CLIENT}
    assert error_of(authority.token, call) == "unsupported_grant_type"
    authority.grant_types |= {"password", "client_credentials"}
    assert authority.grant_of(bearer(authority.token(call))).subject == "ann"
    assert error_of(authority.token, {**call, "password": "no"}) == "invalid_grant"
    assert "refresh_token" not in authority.token({"grant_type": "client_credentials", **CLIENT})


@pytest.fixture
def portal(authority):
    app = FastAPI()
    app.include_router(consent_page(authority, "/authorize"))
    app.include_router(oauth_control(authority))
    refuse_plainly(app)

    @app.post("/token")
    async def token(request: Request):
        return authority.token({**await form_of(request), **basic_client(request.headers.get("authorization", ""))})

    with running(app) as url:
        yield url


def decide(portal, answer, **query):
    params = {**AUTHORIZE, **query}
    form = {"answer": answer, "subject": "owner"}
    return requests.post(f"{portal}/authorize", params=params, data=form, allow_redirects=False, timeout=2)


def callback(answer):
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(BACK + "&")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_the_owner_is_asked_and_sent_back_with_a_code(portal):
    page = requests.get(f"{portal}/authorize", params=AUTHORIZE, timeout=2)
    assert "Allow" in page.text
    assert "Deny" in page.text
    back = callback(decide(portal, "allow"))
    assert back["state"] == "s-1"
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": BACK}
    answer = requests.post(f"{portal}/token", data=form, auth=(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET), timeout=2)
    assert answer.json()["expires_in"] == 3600
    refused = requests.post(f"{portal}/token", data=form, auth=(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET), timeout=2)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_denial_is_sent_back_without_code(portal):
    back = callback(decide(portal, "deny"))
    assert (back["error"], back["state"], "code" in back) == ("access_denied", "s-1", False)


@pytest.mark.parametrize("query", [{"redirect_uri": "https://evil.example/"}, {"client_id": "stranger"}])
def test_nobody_is_sent_to_an_unregistered_address(portal, query):
    assert decide(portal, "allow", **query).status_code == 400


def test_control_calls_count_and_change(portal, authority):
    tokens = requests.post(f"{portal}/_control/oauth/issue", timeout=2).json()
    refresh(authority, tokens["refresh_token"])
    assert requests.get(f"{portal}/_control/oauth", timeout=2).json() == {"calls": {"refresh_token": 1}, "grants": 1}
    requests.post(f"{portal}/_control/oauth/expire", timeout=2)
    assert authority.grant_of(bearer(tokens)) is None
    requests.put(f"{portal}/_control/oauth/grace", params={"seconds": 5}, timeout=2)
    assert authority.grace == timedelta(seconds=5)
    requests.post(f"{portal}/_control/oauth/revoke", timeout=2)
    assert error_of(refresh, authority, tokens["refresh_token"]) == "invalid_grant"
