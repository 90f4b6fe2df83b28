"""Site Access: consent, exchange, renewal and what a token may read, against the simulator over real HTTP."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from include.core import errors
from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import solaredge
from include.sources.inverters.base import Settings
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import Clock, running
from simulators.solaredge import create_app
from simulators.solaredge_plants import BERLIN_SITE, DENVER_SITE

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
BACK = "http://127.0.0.1:8080/api/oauth/callback"
STATE = "payload.signature"
GRANT = solaredge.GRANT


class Portal:
    """A running simulator with its clock, and the settings that lead to it."""

    def __init__(self):
        self.clock = Clock(NOW, is_frozen=True)
        self.app = create_app(clock=self.clock, calls_per_minute=10_000)
        self.authority = self.app.state.authority

    def settings(self, **options):
        application = {"client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
        options = {"authorize_url": f"{self.url}/authorize", **application, **options}
        return Settings(self.url, options, sleep=lambda seconds: None, clock=self.clock)

    def keeper(self, **secret):
        """The stored secret of a site whose owner has granted access."""
        tokens = self.authority.issue(str(DENVER_SITE))
        stored = {
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "obtained_at": self.clock().isoformat(),
            "expires_at": (self.clock() + timedelta(hours=2)).isoformat(),
            "site_id": str(DENVER_SITE),
        }
        return Remembered({**stored, **secret}, self.clock)

    def consent(self, url, answer="allow", site_id=BERLIN_SITE):
        """What the owner's browser brings back."""
        form = {"answer": answer, "subject": str(site_id)}
        sent = requests.post(url, data=form, allow_redirects=False, timeout=2)
        assert sent.headers["location"].startswith(BACK)
        return dict(parse_qsl(urlsplit(sent.headers["location"]).query))

    def refreshes(self):
        return self.authority.calls["refresh_token"]


@pytest.fixture
def portal():
    portal = Portal()
    with running(portal.app) as portal.url:
        yield portal


def fetched(account):
    site = Site(1, "solaredge", str(DENVER_SITE), "Denver", "America/Denver", ("site_energy",))
    window = Window(NOW - timedelta(hours=24), NOW)
    return [row for answer in account.fetch(site, window) for row in solaredge.parse(answer.body, answer.request, site)]


def test_the_owner_is_asked_for_one_site_and_for_how_long():
    settings = Settings(options={"client_id": "us", "client_secret": "s"})
    page = urlsplit(GRANT.authorize_url(settings, STATE, BACK, None))
    assert f"{page.scheme}://{page.netloc}{page.path}" == "https://connect.solaredge.com/authorize"
    assert dict(parse_qsl(page.query)) == {
        "client_id": "us",
        "scope": "SITE_DATA DEVICE_DATA",
        "access_duration": "24",
        "redirect_uri": BACK,
        "state": STATE,
        "external_id": STATE,
    }


@pytest.mark.parametrize("months", ["0", "25", "two", "1.5"])
def test_an_impossible_duration_is_refused(months):
    settings = Settings(options={"client_id": "us", "client_secret": "s", "access_months": months})
    with pytest.raises(errors.ConfigurationError, match="SOLAREDGE_ACCESS_MONTHS"):
        GRANT.authorize_url(settings, STATE, BACK, None)


@pytest.mark.parametrize("echoes_state", [True, False])
def test_consent_becomes_a_secret_for_the_chosen_site(portal, echoes_state):
    portal.authority.echoes_state = echoes_state
    callback = portal.consent(GRANT.authorize_url(portal.settings(), STATE, BACK, None))
    assert callback["external_id"] == STATE
    secret = GRANT.exchange(portal.settings(), callback, BACK, None)
    assert secret["site_id"] == str(BERLIN_SITE)
    assert secret["expires_at"] == (NOW + timedelta(hours=2)).isoformat()
    assert secret["renewable_until"] == (NOW + timedelta(days=30)).isoformat()
    account = solaredge.connect(Remembered(secret, portal.clock), portal.settings())
    assert [site.name for site in account.sites()] == ["Gewerbehof Wedding"]


def test_a_code_is_exchanged_once(portal):
    callback = portal.consent(GRANT.authorize_url(portal.settings(), STATE, BACK, None))
    GRANT.exchange(portal.settings(), callback, BACK, None)
    with pytest.raises(errors.ReauthRequired):
        GRANT.exchange(portal.settings(), callback, BACK, None)


def test_a_denial_stores_nothing(portal):
    callback = portal.consent(GRANT.authorize_url(portal.settings(), STATE, BACK, None), "deny")
    with pytest.raises(errors.ReauthRequired, match="access_denied"):
        GRANT.exchange(portal.settings(), callback, BACK, None)
    assert not portal.authority.calls


@pytest.mark.parametrize("site_id", [{}, {"site_id": ""}, {"site_id": "7/../8"}, {"site_id": "٣"}])
def test_a_callback_without_site_is_refused_before_the_code_is_used(portal, site_id):
    with pytest.raises(errors.UnexpectedPayload):
        GRANT.exchange(portal.settings(), {"code": "c", **site_id}, BACK, None)
    assert not portal.authority.calls


def test_a_wrong_application_is_told_apart_from_a_dead_account(portal):
    callback = portal.consent(GRANT.authorize_url(portal.settings(), STATE, BACK, None))
    with pytest.raises(errors.ConfigurationError, match="invalid_client") as caught:
        GRANT.exchange(portal.settings(client_secret="canary-1c"), callback, BACK, None)
    assert "canary" not in str(caught.value)


def test_the_site_list_is_never_asked_with_a_token(portal):
    keeper = portal.keeper()
    account = solaredge.connect(keeper, portal.settings())
    assert [site.external_site_id for site in account.sites()] == [str(DENVER_SITE)]
    bearer = {"Authorization": f"Bearer {keeper.secret['access_token']}"}
    assert requests.get(f"{portal.url}/v2/sites", headers=bearer, timeout=2).status_code == 403
    with pytest.raises(errors.SiteForbidden):
        account.site(str(BERLIN_SITE))


def test_c8_a_token_refused_in_mid_run_is_renewed_once(portal):
    keeper = portal.keeper()
    account = solaredge.connect(keeper, portal.settings())
    before = fetched(account)
    first = dict(keeper.secret)
    portal.authority.expire()
    assert fetched(account) == before
    assert portal.refreshes() == 1
    assert keeper.secret["refresh_token"] != first["refresh_token"]
    assert keeper.secret["site_id"] == str(DENVER_SITE)
    paths = [request["path"] for request in requests.get(f"{portal.url}/_control/requests", timeout=2).json()]
    # two windows of 12 hours, then one refused call, the renewal, its replay and the second window
    assert [path.rpartition("/")[2] for path in paths] == ["energy"] * 3 + ["token"] + ["energy"] * 2


def test_a_token_is_renewed_before_it_runs_out(portal):
    account = solaredge.connect(portal.keeper(), portal.settings())
    portal.clock.move_to(NOW + timedelta(hours=1, minutes=56))
    account.site(str(DENVER_SITE))
    assert portal.refreshes() == 1
    assert portal.authority.calls["refused"] == 0


def test_a_refresh_token_that_was_used_elsewhere_needs_the_owner(portal):
    keeper = portal.keeper()
    solaredge.connect(Remembered(keeper.read(), portal.clock), portal.settings()).session.access.renew(
        {"Authorization": f"Bearer {keeper.secret['access_token']}"}
    )
    stored = dict(keeper.secret)
    portal.authority.expire()
    with pytest.raises(errors.ReauthRequired) as caught:
        fetched(solaredge.connect(keeper, portal.settings()))
    assert keeper.secret == stored
    assert not any(value in str(caught.value) for value in (stored["access_token"], stored["refresh_token"]))


def test_access_can_be_given_back(portal):
    keeper = portal.keeper()
    GRANT.revoke(portal.settings(), keeper.secret)
    with pytest.raises(errors.ReauthRequired):
        fetched(solaredge.connect(keeper, portal.settings()))


def test_the_token_endpoint_takes_json_only(portal):
    form = {"grant_type": "refresh_token", "client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
    answer = requests.post(f"{portal.url}/v2/oauth2/token", data=form, timeout=2)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("secret", "words"), [({}, "neither"), ({"access_token": "a"}, "no site_id")])
def test_an_incomplete_secret_is_named(secret, words):
    with pytest.raises(errors.AuthFailed, match=words):
        solaredge.connect(Remembered(secret))
