"""Fixtures of API tests: the app over a real warehouse, clients with keys, and people by a header."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from tests.api.pages_world import chromium, ledger, login  # noqa: F401 -- fixtures
from tests.pipeline.conftest import PLANT, no_waiting, portal  # noqa: F401 -- fixtures

NEIGHBOUR = {"organization": "Neighbour", "projects": [{"name": "Next door", "time_zone": "UTC", "meters": []}]}


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization with a key for everything; `headers` carry it."""

    organization_id: int
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture
def app(warehouse):
    """The app; a test names the person behind a request in the header `X-Test-User`, as a login would."""
    from include.api.app import create_app

    async def user_of(request):
        return request.headers.get("X-Test-User")

    return create_app(user_of)


@pytest.fixture
def api(app) -> Iterator[TestClient]:
    """A client of the running app."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def make_key(warehouse) -> Callable[..., str]:
    """Make a key of an organization."""
    from include.warehouse import api_keys
    from include.warehouse.database import connect

    def make(organization_id: int, scopes=api_keys.SCOPES, **settings) -> str:
        with connect() as connection:
            return api_keys.create(
                connection, organization_id, label="test", scopes=list(scopes), actor="test", **settings
            ).text

    return make


@pytest.fixture
def tenant(warehouse, make_key) -> Tenant:
    """An organization with one plant of two meters in Berlin, as the pipeline tests have it, for pushes."""
    from include.pipeline import registration

    projects = [dict(project) for project in PLANT["projects"]]
    meters = [
        {**meter, "devices": [{**device, "source": "snowflake"} for device in meter["devices"]]}
        for meter in projects[0]["meters"]
    ]
    organization = registration.apply({**PLANT, "projects": [{**projects[0], "meters": meters}]})["organization_id"]
    return Tenant(organization, make_key(organization))


@pytest.fixture
def neighbour(warehouse, make_key) -> Tenant:
    """Another organization."""
    from include.pipeline import registration

    organization = registration.apply(NEIGHBOUR)["organization_id"]
    return Tenant(organization, make_key(organization))


@pytest.fixture
def plant(warehouse, make_key) -> Tenant:
    """An organization with one plant of two meters in Berlin that sends files."""
    from include.pipeline import registration

    organization = registration.apply(PLANT)["organization_id"]
    return Tenant(organization, make_key(organization))


@pytest.fixture(params=["file", "s3"])
def lake_kind(request, monkeypatch) -> str:
    """Each test with this runs once on a lake of each kind."""
    if request.param == "s3":
        request.getfixturevalue("warehouse")  # it points to a lake of files
        monkeypatch.setenv("LAKE_URL", request.getfixturevalue("s3_lake"))
    return request.param


def readings(count: int = 4, **changed) -> dict:
    """A push of clean quarter hours; `changed` maps a row's position (`r0`) to members that replace its own."""
    rows = [
        {
            "timestamp": f"2026-06-01T{8 + i // 4:02}:{15 * (i % 4):02}:00+00:00",
            "site_id": "P1",
            "energy_wh": 100.5 + i,
            "interval_seconds": 900,
        }
        for i in range(count)
    ]
    for name, members in changed.items():
        rows[int(name.removeprefix("r"))].update(members)
    return {"readings": rows}
