"""Fixtures of the connection in the browser: two organizations, their members, and a vendor that asks for consent."""

import pytest
from fastapi.testclient import TestClient

from simulators.server import running
from tests.connect import acme as vendor
from tests.connect.edge import Login, mounted

ADDRESS = "https://ledger.example"


@pytest.fixture
def organizations(warehouse) -> tuple[int, int]:
    """Ids of two organizations; ann is a member of the first, bob of the second, vic only looks at the first."""
    from include.pipeline import registration

    first = registration.apply(
        {
            "organization": "First",
            "members": [{"user": "ann"}, {"user": "vic", "role": "viewer"}, {"user": "olga", "role": "owner"}],
        }
    )
    second = registration.apply({"organization": "Second", "members": [{"user": "bob", "role": "admin"}]})
    assert first["members"] == 3
    return first["organization_id"], second["organization_id"]


@pytest.fixture
def organization(organizations) -> int:
    """The id of the first organization."""
    return organizations[0]


@pytest.fixture
def acme(organizations, monkeypatch):
    """The vendor's authority, served over HTTP and registered as a source."""
    from include.sources.inverters import REGISTRY

    app = vendor.create_app()
    monkeypatch.setitem(REGISTRY, "acme", vendor.module())
    monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", ADDRESS)
    with running(app) as base_url:
        for name, value in vendor.environment(base_url).items():
            monkeypatch.setenv(name, value)
        yield app.state.authority


@pytest.fixture
def login(acme):
    """The user of the next call, in place of Airflow's login."""
    return Login()


@pytest.fixture
def client(login) -> TestClient:
    """A client of the app as Airflow mounts it."""
    return TestClient(mounted(login), raise_server_exceptions=False, follow_redirects=False)
