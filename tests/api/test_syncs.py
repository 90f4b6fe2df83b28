"""Asking for a site to be read: a run of the vendor's Dag is started, and what became of it is told truly."""

import re

import pytest
from fastapi.testclient import TestClient

from include.core.errors import IllegalState
from tests.api.accounts import enter, site


class Scheduler:
    """Notes what it is asked to start; `refusal` is raised instead."""

    def __init__(self) -> None:
        self.started: list[tuple] = []
        self.refusal: Exception | None = None

    def start(self, *run) -> None:
        if self.refusal:
            raise self.refusal
        self.started.append(run)


@pytest.fixture
def scheduler(app) -> Scheduler:
    """Who starts Dags in this test."""
    scheduler = Scheduler()
    app.state.start_run = scheduler.start
    return scheduler


@pytest.fixture
def site_id(api: TestClient, tenant) -> int:
    """A registered site."""
    return site(api, tenant, enter(api, tenant).json()["credential_id"]).json()["site_id"]


def test_a_sync_is_started_for_one_site_and_its_state_can_be_asked(api, tenant, scheduler, site_id, warehouse):
    answer = api.post(f"/sync/{site_id}", json={"lookback_hours": 48}, headers=tenant.headers)
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json()["status_url"] == f"/api/ingest/sync/{site_id}"
    [(dag_id, run_id, conf, user)] = scheduler.started
    assert (dag_id, conf) == ("extract_solaredge", {"site_id": site_id, "lookback_hours": 48})
    assert run_id == answer.json()["run_id"] and re.fullmatch(r"[A-Za-z0-9_.~:+-]+", run_id)
    assert re.fullmatch(r"key:\d+", user)
    warehouse.execute(
        "update ops.integration_site set last_sync_status = 'error', last_sync_error = 'E404: refused', "
        "consecutive_failures = 2, high_water_mark = '2026-06-01T10:00Z', failed_from = '2026-06-01T10:00Z'"
    )
    told = api.get(f"/sync/{site_id}", headers=tenant.headers).json()
    assert (told["status"], told["error"], told["consecutive_failures"]) == ("error", "E404: refused", 2)
    assert told["high_water_mark"] == told["failed_from"] == "2026-06-01T10:00:00Z"


def test_without_a_body_of_its_own_a_sync_looks_a_day_back(api, tenant, scheduler, site_id):
    assert api.post(f"/sync/{site_id}", json={}, headers=tenant.headers).status_code == 202
    assert scheduler.started[0][2]["lookback_hours"] == 24


@pytest.mark.parametrize("body", [{"lookback_hours": 0}, {"lookback_hours": 169}, {"lookback_hours": 24, "dag": "x"}])
def test_a_wish_outside_the_bounds_starts_nothing(api, tenant, scheduler, site_id, body):
    assert api.post(f"/sync/{site_id}", json=body, headers=tenant.headers).status_code == 422
    assert scheduler.started == []


def test_what_cannot_be_started_is_no_success(api, tenant, scheduler, site_id, warehouse):
    scheduler.refusal = IllegalState("the Dag is switched off")
    assert api.post(f"/sync/{site_id}", json={}, headers=tenant.headers).status_code == 409
    scheduler.refusal = RuntimeError("canary")
    broken = api.post(f"/sync/{site_id}", json={}, headers=tenant.headers)
    assert broken.status_code == 500 and "canary" not in broken.text
    scheduler.refusal = None
    warehouse.execute("update ops.integration_credential set state = 'reauth_required'")
    assert api.post(f"/sync/{site_id}", json={}, headers=tenant.headers).status_code == 409
    assert scheduler.started == []
    assert warehouse.execute("select count(*) as n from ops.audit_entry where action like 'sync%'").fetchone()["n"] == 0


def test_a_site_of_others_is_not_read(api, tenant, neighbour, scheduler, site_id):
    foreign = api.post(f"/sync/{site_id}", json={}, headers=neighbour.headers)
    unknown = api.post("/sync/987654", json={}, headers=neighbour.headers)
    assert foreign.status_code == unknown.status_code == 404 and scheduler.started == []
    assert {**foreign.json(), "instance": ""} == {**unknown.json(), "instance": ""}


def test_a_server_without_airflow_says_so(api, tenant, site_id):
    answer = api.post(f"/sync/{site_id}", json={}, headers=tenant.headers)
    assert answer.status_code == 503 and answer.json()["code"] == "E615_NO_SCHEDULER"
