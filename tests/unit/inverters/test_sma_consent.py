"""Tokens and consent: the owner in the browser, or by the vendor's letter, against the simulator over real HTTP."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from include.core import errors
from include.security.tokens import Remembered
from include.sources.inverters import sma
from include.sources.inverters.base import Settings
from simulators.server import Clock, running
from simulators.sma import create_app, environment
from simulators.sma_plants import OWNER

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
BACK = "http://localhost:8080/api/oauth/callback"
VERIFIER = "canary-verifier-" + "v" * 40
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def clock():
    return Clock(NOW, is_frozen=True)


@pytest.fixture
def url(clock):
    with running(create_app(clock=clock, consented=False)) as url:
        yield url


@pytest.fixture
def settings(url, clock):
    options = {name.removeprefix("SMA_").lower(): value for name, value in environment(url).items()}
    return Settings(options.pop("base_url"), options, sleep=lambda seconds: None, clock=clock)


def answer(url: str, told) -> None:
    requests.put(f"{url}/oauth2/v2/bc-authorize/{OWNER}/status", json=told, timeout=10).raise_for_status()


def callback(settings: Settings, answer: str = "allow", state: str = "s-1") -> dict[str, str]:
    """What comes back from the consent page."""
    page = sma.GRANT.authorize_url(settings, state, BACK, CHALLENGE)
    sent = requests.post(page, data={"answer": answer, "subject": OWNER}, allow_redirects=False, timeout=10)
    assert sent.headers["location"].startswith(f"{BACK}?")
    return dict(parse_qsl(urlsplit(sent.headers["location"]).query))


def test_the_consent_page_is_asked_for_lasting_access_with_a_challenge(settings):
    query = dict(parse_qsl(urlsplit(sma.GRANT.authorize_url(settings, "s-1", BACK, CHALLENGE)).query))
    assert query == {
        "client_id": "sunledger-demo-client",
        "response_type": "code",
        "redirect_uri": BACK,
        "state": "s-1",
        "scope": "offline_access",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    assert sma.GRANT.USES_PKCE


def test_production_addresses_are_the_default():
    url = sma.GRANT.authorize_url(Settings(options={"client_id": "a", "client_secret": "b"}), "s", BACK, None)
    assert url.startswith("https://auth.smaapis.de/oauth2/auth?") and "challenge" not in url


def test_a_code_becomes_tokens_that_read_the_owners_plants(settings, clock):
    returned = callback(settings)
    assert returned["state"] == "s-1"
    secret = sma.GRANT.exchange(settings, returned, BACK, VERIFIER)
    assert secret["expires_at"] == (NOW + timedelta(seconds=300)).isoformat()
    assert "renewable_until" not in secret
    account = sma.connect(Remembered(secret, now=clock), settings)
    assert len(list(account.sites())) == 2


@pytest.mark.parametrize(("redirect_uri", "verifier"), [(BACK, "another"), (BACK, None), (BACK + "/x", VERIFIER)])
def test_f12_a_code_is_worth_nothing_without_its_verifier_and_address(settings, redirect_uri, verifier):
    with pytest.raises(errors.ReauthRequired):
        sma.GRANT.exchange(settings, callback(settings), redirect_uri, verifier)


def test_a_code_is_good_once(settings):
    returned = callback(settings)
    sma.GRANT.exchange(settings, returned, BACK, VERIFIER)
    with pytest.raises(errors.ReauthRequired):
        sma.GRANT.exchange(settings, returned, BACK, VERIFIER)


def test_an_owner_who_denies_is_named(settings):
    with pytest.raises(errors.ReauthRequired, match="access_denied"):
        sma.GRANT.exchange(settings, callback(settings, "deny"), BACK, VERIFIER)


def test_an_unset_application_is_a_mistake_in_the_settings():
    with pytest.raises(errors.ConfigurationError, match="SMA_CLIENT_ID"):
        sma.CONSENT.poll(Settings(), OWNER)


@pytest.mark.parametrize("secret", [{}, {"login_hint": ""}, {"access_token": None}])
def test_a_credential_without_tokens_or_owner_needs_a_person(secret):
    with pytest.raises(errors.AuthFailed):
        sma.connect(Remembered(secret))


def test_an_owner_is_asked_and_looked_after_no_faster_than_the_vendor_allows(settings, url, clock):
    asked = sma.CONSENT.request(settings, OWNER)
    assert asked == {
        "login_hint": OWNER,
        "consent_state": "pending",
        "consent_checked_at": NOW.isoformat(),
        "next_check": (NOW + timedelta(minutes=30)).isoformat(),
    }
    clock.move_to(NOW + timedelta(minutes=30))
    assert sma.CONSENT.poll(settings, OWNER)["consent_state"] == "pending"
    answer(url, "accepted")
    accepted = sma.CONSENT.poll(settings, OWNER)
    assert (accepted["consent_state"], accepted["next_check"]) == ("accepted", None)
    account = sma.connect(Remembered({"login_hint": OWNER}, now=clock), settings)
    assert len(list(account.sites())) == 2


@pytest.mark.parametrize(("told", "state"), [("reject", "rejected"), ({"state": "Revoked"}, "revoked")])
def test_an_owner_may_refuse_and_take_back(settings, url, told, state):
    sma.CONSENT.request(settings, OWNER)
    answer(url, told)
    assert sma.CONSENT.poll(settings, OWNER)["consent_state"] == state


def test_a_second_request_tells_the_state_of_the_first(settings, url):
    sma.CONSENT.request(settings, OWNER)
    assert sma.CONSENT.request(settings, OWNER)["consent_state"] == "pending"
    answer(url, "accepted")
    assert sma.CONSENT.request(settings, OWNER)["consent_state"] == "accepted"


@pytest.mark.parametrize("status", [400, 409])
def test_a_refused_request_falls_through_to_a_look(settings, url, status):
    sma.CONSENT.request(settings, OWNER)
    fault = {"path": "/bc-authorize", "times": 1, "status": status}
    requests.post(f"{url}/_control/faults", json=[fault], timeout=10)
    assert sma.CONSENT.request(settings, OWNER)["consent_state"] == "pending"


def test_a_request_dies_after_a_week_and_may_be_made_again(settings, clock):
    sma.CONSENT.request(settings, OWNER)
    clock.move_to(NOW + timedelta(days=7))
    assert sma.CONSENT.poll(settings, OWNER)["consent_state"] == "expired"
    assert sma.CONSENT.request(settings, OWNER)["consent_state"] == "pending"


def test_a_request_that_the_vendor_does_not_know_counts_as_expired(settings):
    assert sma.CONSENT.poll(settings, OWNER)["consent_state"] == "expired"


def test_an_unknown_state_is_not_guessed_at(settings, url):
    fault = {"path": "/bc-authorize", "times": 1, "status": 200, "body": '{"state": "maybe"}'}
    requests.post(f"{url}/_control/faults", json=[fault], timeout=10)
    with pytest.raises(errors.UnexpectedPayload, match="maybe"):
        sma.CONSENT.poll(settings, OWNER)


def test_c13_the_consent_endpoint_sends_our_token_nowhere_else(settings, url):
    fault = {"path": "/bc-authorize", "times": 1, "status": 302, "headers": {"location": "http://127.0.0.1:9/"}}
    requests.post(f"{url}/_control/faults", json=[fault], timeout=10)
    with pytest.raises(errors.HostRefused):
        sma.CONSENT.poll(settings, OWNER)
