"""Call budgets: reserved before every try, shared by threads, processes and accounts, and never passed."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from include.core.errors import QuotaExhausted, RateLimited, SunledgerError
from simulators.server import Clock, running
from simulators.solaredge import create_app
from tests.pipeline.child import start
from tests.pipeline.oracle import count
from tests.pipeline.solaredge_account import NOW, extract, mark, register

HOUR = timedelta(hours=1)


@pytest.fixture
def calls_of_an_unsteady_portal(monkeypatch) -> Iterator[list[str]]:
    """A portal of which every tenth answer is a failure; the paths that it was asked for."""
    app = create_app(seed=7, clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000)
    seen: list[str] = []

    @app.middleware("http")
    async def fail_every_tenth(request, call_next):
        from fastapi.responses import JSONResponse

        if request.url.path.startswith("/v2"):
            seen.append(request.url.path)
            if len(seen) % 10 == 0:
                return JSONResponse({"title": "Bad Gateway"}, status_code=502)
        return await call_next(request)

    with running(app) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        monkeypatch.setenv("SOLAREDGE_CALLS_PER_MINUTE", "10000")
        yield seen


def calls(portal: str) -> int:
    return len([r for r in requests.get(f"{portal}/_control/requests", timeout=10).json() if "/v2" in r["path"]])


def test_24_planned_calls_with_failures_never_pass_a_budget_of_25(
    warehouse, calls_of_an_unsteady_portal, monkeypatch, no_waiting
):
    sites = register(monkeypatch, monthly_credits=25)
    days = timedelta(days=6)  # 12 parts of 12 hours, two series each
    with pytest.raises(QuotaExhausted, match="25 calls"):
        extract(sites[0], lookback=days)
    assert len(calls_of_an_unsteady_portal) == 25
    row = warehouse.execute("select * from ops.integration_site where integration_site_id = %s", [sites[0]]).fetchone()
    assert row["last_sync_status"] == "partial" and row["high_water_mark"] == row["failed_from"]
    with pytest.raises(QuotaExhausted):
        extract(sites[0])
    assert len(calls_of_an_unsteady_portal) == 25
    warehouse.execute("update ops.api_usage set started_at = started_at - interval '1 month' where span = 'month'")
    extract(sites[0])
    end = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    assert mark(warehouse, sites[0]) == end
    covered = warehouse.execute("select min(data_start_at) as first, max(data_end_at) as last from ops.ingestion_log")
    assert covered.fetchone() == {"first": end - days, "last": end - timedelta(minutes=15)}


def test_two_processes_together_stay_within_the_budget_of_their_account(warehouse, portal, monkeypatch):
    sites = register(monkeypatch, monthly_credits=30)
    run = "from datetime import timedelta; from include.pipeline.extract import land_site; "
    run += "land_site({}, None, timedelta(days=10))"
    workers = [start(run.format(site)) for site in sites]  # 40 calls each
    assert [worker.wait(timeout=120) for worker in workers] == [1, 1]
    assert calls(portal) == 30
    assert count(warehouse, "ops.integration_site", "last_sync_error like 'E403%'") == 2


def reserve_in_threads(make, tries: int) -> list[str]:
    outcomes: list[str] = []

    def work() -> None:
        budget = make()
        for _ in range(tries):
            try:
                budget.reserve()
                outcomes.append("taken")
            except SunledgerError as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_accounts_of_one_application_share_its_limits_and_keep_their_own(warehouse):
    from include.warehouse.budget import Allowance, Budgets

    application = Allowance("application:enphase", None, 20)

    def one() -> Budgets:
        return Budgets([application, Allowance("credential:1", None, 12)])

    def other() -> Budgets:
        return Budgets([application, Allowance("credential:2", None, 12)])

    assert sorted(reserve_in_threads(one, tries=5)).count("taken") == 12
    assert sorted(reserve_in_threads(other, tries=5)).count("taken") == 8
    used = {
        row["account"]: row["calls"] for row in warehouse.execute("select * from ops.api_usage where span = 'month'")
    }
    # a call that one of the two limits refuses is taken from neither
    assert used == {"application:enphase": 20, "credential:1": 12, "credential:2": 8}


def test_the_minutes_limit_names_the_next_minute(warehouse):
    from include.warehouse.budget import Allowance, Budgets

    budget = Budgets([Allowance("credential:1", calls_per_minute=1)])
    with pytest.raises(RateLimited) as refused:
        for _ in range(3):  # two of them fall into the same minute
            budget.reserve()
    left = refused.value.retry_at - datetime.now(UTC)
    assert refused.value.retry_at.second == 0 and timedelta(0) < left <= timedelta(minutes=1)


def test_an_operators_plan_goes_before_the_vendors_usual_limits(sites, portal, warehouse, monkeypatch):
    monkeypatch.setenv("SOLAREDGE_CALLS_PER_MONTH", "1")
    with pytest.raises(QuotaExhausted, match="1 calls of"):
        extract(sites[0], lookback=HOUR)
    monkeypatch.setenv("SOLAREDGE_CALLS_PER_MONTH", "many")
    with pytest.raises(SunledgerError, match="SOLAREDGE_CALLS_PER_MONTH"):
        extract(sites[0], lookback=HOUR)
