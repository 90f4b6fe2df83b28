"""An account at every vendor's simulator, registered with one site."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import requests

from include.core.errors import SunledgerError
from simulators import enphase, goodwe, sma, solaredge
from simulators.enphase_plants import DENVER_SYSTEM
from simulators.goodwe_plants import DENVER_STATION
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import Clock, running
from simulators.sma_plants import DENVER_PLANT
from simulators.solaredge_plants import DENVER_SITE
from tests.canaries import secrets_in


@contextmanager
def at_solaredge(patch) -> Iterator[tuple]:
    with running(solaredge.create_app(seed=7, clock=Clock(), calls_per_minute=10_000)) as url:
        patch.setenv("SOLAREDGE_BASE_URL", url)
        yield url, {"api_key": solaredge.DEMO_KEY}, str(DENVER_SITE), set()


@contextmanager
def granted_at_solaredge(patch) -> Iterator[tuple]:
    app = solaredge.create_app(seed=7, clock=Clock(), calls_per_minute=10_000)
    with running(app) as url:
        patch.setenv("SOLAREDGE_BASE_URL", url)
        patch.setenv("SOLAREDGE_CLIENT_ID", DEMO_CLIENT_ID)
        patch.setenv("SOLAREDGE_CLIENT_SECRET", DEMO_CLIENT_SECRET)
        refresh_token = app.state.authority.issue(str(DENVER_SITE))["refresh_token"]
        secret = {"refresh_token": refresh_token, "site_id": str(DENVER_SITE)}
        yield url, secret, str(DENVER_SITE), {DEMO_CLIENT_SECRET}


@contextmanager
def at_enphase(patch, key_in: str = "header") -> Iterator[tuple]:
    with running(enphase.create_app(seed=7, clock=Clock(), calls_per_minute=10_000, calls_per_month=10_000)) as url:
        patch.setenv("ENPHASE_BASE_URL", url)
        patch.setenv("ENPHASE_API_KEY", enphase.DEMO_KEY)
        patch.setenv("ENPHASE_KEY_IN", key_in)
        patch.setenv("ENPHASE_CLIENT_ID", DEMO_CLIENT_ID)
        patch.setenv("ENPHASE_CLIENT_SECRET", DEMO_CLIENT_SECRET)
        secret = {"username": enphase.DEMO_USER, "password": enphase.DEMO_PASSWORD}
        yield url, secret, str(DENVER_SYSTEM), {enphase.DEMO_KEY, DEMO_CLIENT_SECRET}


@contextmanager
def at_enphase_by_query(patch) -> Iterator[tuple]:
    with at_enphase(patch, "query") as account:
        yield account


@contextmanager
def at_sma(patch) -> Iterator[tuple]:
    app = sma.create_app(seed=7, clock=Clock())
    with running(app) as url:
        for name, value in sma.environment(url).items():
            patch.setenv(name, value)
        yield url, {"refresh_token": app.state.authority.issue()["refresh_token"]}, DENVER_PLANT, {DEMO_CLIENT_SECRET}


@contextmanager
def at_goodwe(patch) -> Iterator[tuple]:
    with running(goodwe.create_app(seed=7, clock=Clock(), calls_per_minute=10_000)) as url:
        patch.setenv("GOODWE_BASE_URL", url)
        patch.setenv("GOODWE_SECONDS_BETWEEN_CALLS", "0")
        yield url, goodwe.DEMO_LOGIN, DENVER_STATION, set()


ACCOUNTS = {
    "solaredge": at_solaredge,
    "solaredge granted": granted_at_solaredge,
    "enphase": at_enphase,
    "enphase by query": at_enphase_by_query,
    "sma": at_sma,
    "goodwe": at_goodwe,
}


@contextmanager
def registered_account(name: str, patch) -> Iterator["Account"]:
    """Run a vendor's simulator and register an account with it."""
    from include.pipeline import registration
    from include.pipeline.run_site import registered

    source = name.split(" ")[0]
    for limit in ("MINUTE", "MONTH"):
        patch.setenv(f"{source}_CALLS_PER_{limit}".upper(), "10000")
    with ACCOUNTS[name](patch) as (url, secret, site, more):
        patch.setenv("OWNER_SECRET", json.dumps(secret))
        sites = [{"site": site, "name": "Roof", "project": "Roof", "time_zone": "America/Denver"}]
        document = {
            "organization": "Sun",
            "projects": [{"name": "Roof", "time_zone": "America/Denver"}],
            "accounts": [{"source": source, "label": "owner", "secret_env": "OWNER_SECRET", "sites": sites}],
        }
        registration.apply(document)
        patch.delenv("OWNER_SECRET")
        [row] = registered(source)
        yield Account(url, source, row, secrets_in(secret) | more)


class Account:
    """A registered account and every secret that belongs to it, renewed ones as well."""

    def __init__(self, url: str, source: str, row: dict, secrets: set[str]) -> None:
        self.url, self.source, self.row, self.secrets = url, source, row, secrets

    def report(self, *, hours: float | None = 3, is_dry: bool = False):
        """Run the site, `hours` back or from its mark."""
        from include.pipeline.run_site import run_site
        from include.warehouse.credentials import StoredCredential

        report = run_site(self.row, timedelta(hours=hours) if hours else None, is_dry=is_dry)
        self.secrets |= secrets_in(StoredCredential(self.row["credential_id"]).read())
        return report

    def run(self, **options) -> SunledgerError | None:
        """Run the site and return why it did not fully arrive."""
        return self.report(**options).error

    def data_calls(self) -> int:
        """Calls that reached the vendor, without those for a token."""
        asked = requests.get(f"{self.url}/_control/requests", timeout=10).json()
        return len([call for call in asked if not any(word in call["path"] for word in ("token", "oauth", "login"))])

    def script(self, fault: dict | None) -> None:
        """Let the simulator fail so from now on, or never."""
        requests.delete(f"{self.url}/_control/faults", timeout=10)
        if fault:
            requests.post(f"{self.url}/_control/faults", json=[fault], timeout=10)
