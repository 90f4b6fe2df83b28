"""Secrets of every vendor through good and bad runs: nothing that is written or shown holds one."""

import json
import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from include.core.errors import SunledgerError
from simulators import enphase, goodwe, sma, solaredge
from simulators.enphase_plants import DENVER_SYSTEM
from simulators.goodwe_plants import DENVER_STATION
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import Clock, running
from simulators.sma_plants import DENVER_PLANT
from simulators.solaredge_plants import DENVER_SITE
from tests.canaries import leaks, secrets_in

ROOT = Path(__file__).resolve().parents[2]
FAULTS = [
    {"status": 500, "times": 2, "body": "{request}"},
    {"status": 503, "times": 40, "body": "{request}"},
    {"cut_after": 20, "times": 40},
    {"status": 200, "times": 40, "headers": {"content-type": "text/html"}, "body": "<html>{request}</html>"},
    {"status": 400, "times": 40, "body": '{"message": "{request}", "error": "{request}"}'},
    {"status": 401, "times": 40, "body": '{"title": "{request}", "message": "{request}"}'},
]


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


@pytest.fixture(params=ACCOUNTS)
def account(request, warehouse, monkeypatch):
    """A registered account at a vendor's simulator: its address, vendor, site and secrets."""
    from include.pipeline import registration
    from include.pipeline.run_site import registered

    source = request.param.split(" ")[0]
    for limit in ("MINUTE", "MONTH"):
        monkeypatch.setenv(f"{source}_CALLS_PER_{limit}".upper(), "10000")
    with ACCOUNTS[request.param](monkeypatch) as (url, secret, site, more):
        monkeypatch.setenv("OWNER_SECRET", json.dumps(secret))
        sites = [{"site": site, "name": "Roof", "project": "Roof", "time_zone": "America/Denver"}]
        document = {
            "organization": "Sun",
            "projects": [{"name": "Roof", "time_zone": "America/Denver"}],
            "accounts": [{"source": source, "label": "owner", "secret_env": "OWNER_SECRET", "sites": sites}],
        }
        registration.apply(document)
        monkeypatch.delenv("OWNER_SECRET")
        [row] = registered(source)
        yield Account(url, source, row, secrets_in(secret) | more)


class Account:
    """A registered account and every secret that belongs to it, renewed ones as well."""

    def __init__(self, url: str, source: str, row: dict, secrets: set[str]) -> None:
        self.url, self.source, self.row, self.secrets = url, source, row, secrets

    def run(self, **options) -> SunledgerError | None:
        from include.pipeline.run_site import run_site
        from include.warehouse.credentials import StoredCredential

        report = run_site(self.row, timedelta(hours=3), **options)
        self.secrets |= secrets_in(StoredCredential(self.row["credential_id"]).read())
        return report.error

    def script(self, fault: dict | None) -> None:
        requests.delete(f"{self.url}/_control/faults", timeout=10)
        if fault:
            requests.post(f"{self.url}/_control/faults", json=[fault], timeout=10)


def reopened(warehouse) -> None:
    warehouse.execute("update ops.integration_credential set state = 'active'")


def test_no_run_good_or_bad_leaves_a_secret_anywhere(account, warehouse, no_waiting, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    told = [str(account.run())]
    assert told == ["None"]
    for fault in FAULTS:
        account.script(fault)
        told += [str(account.run()), str(account.run(is_dry=True))]
        reopened(warehouse)
    assert len({text.split(":")[0] for text in told}) >= 4, told
    assert any("***" in text for text in told), "the vendor repeated secrets, and they were taken out"
    account.script(None)
    assert account.run() is None
    command = [str(ROOT / "bin" / "sunledger"), "extract", account.source, "--lookback", "3", "--verbose"]
    for more in ([], ["--dry-run", "--json"]):
        done = subprocess.run(
            [*command, *more],
            capture_output=True,
            text=True,
            env=dict(os.environ),
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        assert "HTTP" in done.stderr or "GET" in done.stderr or "POST" in done.stderr, done
        told += [done.stdout, done.stderr]
    warehouse.execute("update ops.integration_credential set encrypted_credentials = reverse(encrypted_credentials)")
    with pytest.raises(SunledgerError, match="E301") as unreadable:
        account.run()
    told.append(str(unreadable.value))
    assert leaks(account.secrets, warehouse, tmp_path, texts=[caplog.text, *told]) == []


def test_what_dbt_writes_holds_no_secret(sites, warehouse, tmp_path):
    from include.warehouse.credentials import StoredCredential
    from tests.conftest import PASSWORD
    from tests.pipeline.solaredge_account import extract, publish

    extract(sites[0])
    publish()
    secrets = secrets_in(StoredCredential(1).read()) | {PASSWORD}
    assert (tmp_path / "dbt_target" / "manifest.json").is_file()
    assert leaks(secrets, warehouse, tmp_path) == []


def test_the_search_would_find_a_leak(sites, warehouse, tmp_path):
    warehouse.execute("update ops.integration_site set last_sync_error = 'the key is canary_4711-x' where name <> ''")
    (tmp_path / "note.bin").write_bytes(b"\x00" + b"Y2FuYXJ5XzQ3MTEteA==")  # the same in base64
    found = leaks({"canary_4711-x"}, warehouse, tmp_path, texts=["harmless", "key=canary_4711-x"])
    assert found == ["text 1", str(tmp_path / "note.bin"), "ops.integration_site"]
