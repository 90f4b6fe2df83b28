"""Results by period and default events: from sums of days to money, revisions, caps; nothing twice, nothing edited."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.dbt.contract_world import DAY, Contract, profile_day

MONEY = {"ld_basis": "per_point", "ld_rate": 500, "ld_step": "0.1"}


@pytest.fixture
def contract(world) -> Contract:
    return Contract(world)


def events(world, code: str = "o1") -> list[dict]:
    return world.rows(
        "select * from canonical.default_event where obligation_code = %s order by period_start_on, revision", code
    )


def month(device: str, days: int, **hours) -> list[dict]:
    """The example day on each of the first days of June 2026."""
    return [row for n in range(days) for row in profile_day(device, start=DAY + timedelta(days=n), **hours)]


@pytest.fixture
def june(contract) -> Contract:
    """A plant whose contract ends with June, with damages for its availability."""
    contract.world.connection.execute("update core.contract set ends_on = '2026-06-30'")
    contract.obligation(contract.meter("A"), **MONEY)
    return contract


def test_a_broken_month_is_an_event_and_stays_one(june) -> None:
    world = june.world
    june.publish(world.load(month("A", 30, h10={"energy": 0})))
    (event,) = events(world)
    assert (event["status"], event["severity"], event["revision"]) == ("detected", "medium", 1)
    assert (event["hours_available"], event["hours_expected"]) == (300, 330)
    assert event["data_completeness_percent"] == 100
    # 98 - 90.909... points at 500 for a tenth
    damages = Decimal("35454.55")
    assert (event["ld_before_cap"], event["ld_cap"], event["ld_payable"]) == (damages, None, damages)
    assert [step["name"] for step in event["calculation"]["steps"]][-5:] == [
        "shortfall", "damages", "cap", "payable", "payment",
    ]  # fmt: skip
    before = [world.digest(f"canonical.{table}", "1, 2, 3") for table in ("obligation_period", "default_event")]
    june.reassess(date(2026, 6, 1), date(2026, 6, 30))
    june.publish()
    assert [world.digest(f"canonical.{table}", "1, 2, 3") for table in ("obligation_period", "default_event")] == before
