"""Site Access end to end: consent, stored tokens, a site extracted with them, and a token that ends in mid-run."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import Clock, running
from simulators.solaredge import create_app
from simulators.solaredge_plants import DENVER_SITE
from tests.pipeline.accounts import row, secret_of, stored
from tests.pipeline.oracle import count
from tests.pipeline.solaredge_account import NOW, plant, publish

BACK = "http://127.0.0.1:8080/api/oauth/callback"
DAY = timedelta(hours=24)


@pytest.fixture
def authority(warehouse, monkeypatch):
    app = create_app(seed=7, clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000)
    with running(app) as url:
        for name, value in {
            "BASE_URL": url,
            "AUTHORIZE_URL": f"{url}/authorize",
            "CLIENT_ID": DEMO_CLIENT_ID,
            "CLIENT_SECRET": DEMO_CLIENT_SECRET,
        }.items():
            monkeypatch.setenv(f"SOLAREDGE_{name}", value)
        yield app.state.authority


@pytest.fixture
def credential(authority) -> int:
    """An account whose owner said yes on the consent page."""
    from include.pipeline import accounts

    grant, settings = accounts.vendor("solaredge").GRANT, accounts.vendor_settings("solaredge")
    page = grant.authorize_url(settings, "payload.signature", BACK, None)
    form = {"answer": "allow", "subject": str(DENVER_SITE)}
    sent = requests.post(page, data=form, allow_redirects=False, timeout=5).headers["location"]
    secret = grant.exchange(settings, dict(parse_qsl(urlsplit(sent).query)), BACK, None)
    return stored(secret, label="denver")


@pytest.fixture
def site(credential) -> int:
    """The registered site of that account."""
    from include.pipeline import registration
    from include.warehouse.database import connect

    of = {"site": DENVER_SITE, "name": "Denver", "project": f"Plant {DENVER_SITE}", "time_zone": "America/Denver"}
    account = {"source": "solaredge", "label": "denver", "sites": [of]}
    projects = [plant(DENVER_SITE, "America/Denver")]
    registration.apply({"organization": "Sun", "projects": projects, "accounts": [account]})
    with connect() as connection:
        return connection.execute("select integration_site_id as id from ops.integration_site").fetchone()["id"]


def test_c8_a_token_that_ends_in_mid_run_loses_no_interval(site, credential, authority, warehouse):
    from include.pipeline.extract import sync_site
    from include.pipeline.process import process_all

    first = secret_of(credential)

    def end_token(done: int, parts: int) -> None:
        if 0 < done < parts:
            authority.expire()

    synced = sync_site(site, NOW, DAY, on_part=end_token)
    assert synced.status == "success"
    assert dict(authority.calls) == {"authorization_code": 1, "refresh_token": 1}
    assert process_all(synced.load_ids) == {"accepted": 4}
    publish()
    assert count(warehouse, "canonical.meter_reading") == 3 * 96
    assert count(warehouse, "canonical.meter_reading", "quality = 'measured'") > 280
    renewed = secret_of(credential)
    assert renewed["refresh_token"] != first["refresh_token"] and renewed["site_id"] == str(DENVER_SITE)
    assert row(warehouse, credential)["state"] == "active"


def test_an_owner_who_withdraws_is_asked_again(site, credential, authority, warehouse):
    from include.core.errors import ReauthRequired
    from include.pipeline.extract import land_site

    authority.revoke()
    with pytest.raises(ReauthRequired):
        land_site(site, NOW, DAY)
    found = row(warehouse, credential)
    assert (found["state"], count(warehouse, "ops.ingestion_log")) == ("reauth_required", 0)
    assert not any(secret_of(credential)[name] in found["last_error"] for name in ("access_token", "refresh_token"))


def test_discovery_finds_the_one_granted_site(credential, authority):
    from include.pipeline import accounts
    from include.warehouse import credentials
    from include.warehouse.database import connect

    with connect() as connection:
        source = accounts.connect_account(credentials.get(connection, credential))
    assert [site.external_site_id for site in source.sites()] == [str(DENVER_SITE)]
    assert len(list(source.devices(str(DENVER_SITE)))) == 3
