"""Fixtures of pipeline tests: a registered organization and short ways to bring a file in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulators.server import Clock, running
from simulators.solaredge import create_app
from tests.pipeline.solaredge_account import NOW, register
from tests.pipeline.vendors import ACCOUNTS, registered_account

PLANT = {
    "organization": "Test Energy",
    "projects": [
        {
            "name": "Plant",
            "time_zone": "Europe/Berlin",
            "latitude": 52.5,
            "longitude": 13.4,
            "installed_ac_capacity_kw": 100,
            "meters": [
                {"name": "M1", "devices": [{"source": "manual", "site": "P1"}]},
                {"name": "M2", "devices": [{"source": "manual", "site": "P1", "device": "INV-2"}]},
            ],
        }
    ],
}


@pytest.fixture
def organization(warehouse) -> int:
    """The id of a registered organization with one plant of two meters in Berlin."""
    from include.pipeline import registration

    return registration.apply(PLANT)["organization_id"]


@pytest.fixture
def ingest(organization, tmp_path) -> Callable[..., dict[str, Any]]:
    """Write a file and bring it through land, stage and judge; returns the ledger row."""
    from include.pipeline.land import land_file
    from include.pipeline.process import process

    def bring(content: bytes | str, name: str = "readings.csv", source: str = "manual", **hints: Any) -> dict[str, Any]:
        path: Path = tmp_path / "client" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        landed = land_file(path, name=name, organization_id=organization, source_system=source, hints=hints)
        return process(landed["load_id"])

    return bring


@pytest.fixture
def apply(organization):
    """Apply a contract document for the test organization."""
    from include.pipeline import contracts

    return lambda document, **more: contracts.apply(document, organization, actor="ada", **more)


@pytest.fixture
def rows(warehouse):
    """All rows of a query."""
    return lambda query: warehouse.execute(query).fetchall()


@pytest.fixture
def portal(monkeypatch):
    """The address of a SolarEdge portal whose limits, and ours, no test meets by accident."""
    with running(create_app(seed=7, clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000)) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        monkeypatch.setenv("SOLAREDGE_CALLS_PER_MINUTE", "10000")
        yield url


@pytest.fixture
def sites(warehouse, portal, monkeypatch) -> list[int]:
    """Ids of the two registered sites, Denver first."""
    return register(monkeypatch)


@pytest.fixture
def no_waiting(monkeypatch) -> list[float]:
    """Calls to a vendor wait no real time between their tries; the pauses are noted, in seconds."""
    from include.pipeline import accounts

    pauses: list[float] = []
    settings_of = accounts.vendor_settings
    monkeypatch.setattr(accounts, "vendor_settings", lambda name: replace(settings_of(name), sleep=pauses.append))
    return pauses


@pytest.fixture(params=ACCOUNTS)
def account(request, warehouse, monkeypatch):
    """A registered account at the simulator of each vendor, in each of its ways to hold one."""
    with registered_account(request.param, monkeypatch) as registered:
        yield registered
