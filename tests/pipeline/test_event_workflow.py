"""What people do about a default event: only its state moves, in its order, with a reason that is kept."""

from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from include.core.errors import ConfigurationError, Conflict, IllegalState, NotFound
from tests.pipeline import evidence_world
from tests.unit.evidence.cases import EVENT_ID


@pytest.fixture
def world(warehouse) -> evidence_world.World:
    """An event of June 2026 at a plant in UTC, with thirty days to cure."""
    world = evidence_world.build(warehouse)
    warehouse.execute("update core.obligation set cure_days = 30, day_count = 'calendar'")
    return world


@pytest.fixture
def step():
    from include.pipeline import event_workflow

    def take(action: str, reason: str = "as agreed", **more):
        return event_workflow.step(EVENT_ID, action, actor="ada", reason=reason, **more)

    return take


def test_from_review_to_settlement_and_every_step_is_an_entry(world, step):
    before = world.event()
    assert step("review").status == "under_review"
    moved = step("notify", "letter", on=date(2026, 7, 10))
    assert (moved.previous_status, moved.status) == ("under_review", "cure_period")
    assert (moved.notified_on, moved.cure_until_on) == (date(2026, 7, 10), date(2026, 8, 9))
    assert moved.cure_ends_at == datetime(2026, 8, 10, tzinfo=UTC)
    assert step("confirm").remarks == []
    assert step("settle").status == "settled"
    with pytest.raises(IllegalState, match="settled"):
        step("withdraw")

    entries = world.rows("select * from ops.audit_entry where action like '%%default event' order by seq")
    assert [entry["action"].split()[0] for entry in entries] == ["review", "notify", "confirm", "settle"]
    assert {(entry["actor"], entry["subject"], entry["organization_id"]) for entry in entries} == {
        ("ada", f"default event {EVENT_ID}", 1)
    }
    notice = entries[1]
    assert (notice["reason"], notice["details"]["to"]) == ("letter", "cure_period")
    assert notice["details"]["cure_until_on"] == "2026-08-09"
    moving = {"status", "notified_on", "cure_until_on", "cure_ends_at"}
    assert {k: v for k, v in world.event().items() if k not in moving} == {
        k: v for k, v in before.items() if k not in moving
    }


def test_a_breach_is_cured_in_its_time_or_confirmed_with_a_remark(world, step):
    today = world.rows("select current_date as today")[0]["today"]
    step("notify")
    assert world.event()["notified_on"] == today
    moved = step("confirm")
    assert moved.remarks == [f"the time to cure runs until {world.event()['cure_until_on']}"]


def test_without_time_to_cure_a_notice_is_a_notice(world, step):
    world.connection.execute("update core.obligation set cure_days = null")
    moved = step("notify")
    assert (moved.status, moved.cure_until_on) == ("notified", None)
    with pytest.raises(IllegalState):
        step("cure")


def test_what_makes_no_sense_is_refused_and_leaves_no_entry(world, step):
    for action in ("cure", "confirm", "settle"):
        with pytest.raises(IllegalState, match="detected"):
            step(action)
    for on in (date(2026, 6, 5), date(2999, 1, 1)):
        with pytest.raises(Conflict, match="no day for a notice"):
            step("notify", on=on)
    with pytest.raises(ConfigurationError, match="reason"):
        step("review", "  ")
    with pytest.raises(ConfigurationError, match="day"):
        step("review", on=date(2026, 7, 1))
    with pytest.raises(NotFound):
        step("review", organization_id=2)
    assert world.event()["status"] == "detected"
    assert not world.rows("select from ops.audit_entry where action like '%%default event'")
    step("review")
    with pytest.raises(IllegalState):
        step("review")


def test_the_command_line_lists_shows_and_moves(world):
    from include.cli.app import app

    def run(*words: str, code: int = 0) -> str:
        outcome = CliRunner().invoke(app, ["events", *words])
        assert outcome.exit_code == code, outcome.output + str(outcome.exception)
        return outcome.output

    assert str(EVENT_ID) in run("list", "--contract", "PPA-1", "--status", "detected").replace("\n", "")
    assert str(EVENT_ID) in run("list", "--since", "2026-06-01", "--until", "2026-06-30", "--json")
    assert run("list", "--since", "2026-07-01", "--json").strip() == "[]"
    assert "guaranteed" in run("show", str(EVENT_ID))
    assert "under_review" in run("review", str(EVENT_ID), "--reason", "look")
    assert "cure until 2026-08-09" in run("notify", str(EVENT_ID), "--reason", "letter", "--on", "2026-07-10")
    assert '"status": "cured"' in run("cure", str(EVENT_ID), "--reason", "mended", "--json")
    assert isinstance(CliRunner().invoke(app, ["events", "show", "nothing"]).exception, NotFound)
