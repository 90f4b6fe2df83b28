"""A promise is broken, proven, its readings retired, corrected years later, restated and retired again."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.pipeline.contract_world import FILE, changed, refusal
from tests.pipeline.files import csv

MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
START = datetime(2024, 2, 29, 23, tzinfo=UTC)  # the first instant of March in Berlin
SLOTS = 31 * 96 - 4


def sunledger(*arguments: str):
    from include.cli.app import app

    return CliRunner().invoke(app, arguments)


def publish():
    from include.pipeline.publish import publish as run

    return run()


def retire() -> dict[str, str]:
    from include.pipeline import retention

    return retention.retire_months()


def preserve() -> dict:
    from include.pipeline import preserve

    return preserve.preserve_all()


def produced(number: int) -> int:
    """Watt-hours of a slot; nothing on the tenth."""
    return 0 if 9 * 96 <= number < 10 * 96 else 100


@pytest.fixture
def broken(apply, ingest) -> None:
    """A contract of March 2024 whose plant stood still for a day, published."""
    document = changed(starts_on="2024-03-01", ends_on="2024-03-31", assess_from_on="2024-03-01")
    promised = {**FILE["obligations"][0], "meters": {"measured": ["M1"]}, "expected_from": "always"}
    apply({**document, "obligations": [promised]})
    assert ingest(csv(map(produced, range(SLOTS)), START))["status"] == "accepted"
    publish()


def events(warehouse) -> list[tuple]:
    rows = warehouse.execute(
        "select e.revision, e.status, is_intact from canonical.default_event as e left join "
        "ops.evidence_pack using (organization_id, default_event_id) order by revision"
    ).fetchall()
    return [tuple(row.values()) for row in rows]


def test_a_month_goes_when_all_is_proven_and_comes_back_for_a_restatement(
    broken, apply, ingest, warehouse, organization, tmp_path
):
    count = "select count(*) as n from canonical.meter_reading"
    outcomes = retire()
    assert all("evidence is not complete" in said for said in outcomes.values()), outcomes
    assert events(warehouse) == [(1, "detected", None)]
    assert preserve()["complete"] == 1
    [pack] = (tmp_path / "lake/archive/evidence").rglob("*.zip")
    intact = pack.read_bytes()
    pack.write_bytes(intact[:500] + bytes([intact[500] ^ 1]) + intact[501:])
    first, second = retire().values()
    assert "evidence is not intact" in first and "not verified as intact" in second
    assert warehouse.execute(count).fetchone()["n"] == SLOTS
    pack.write_bytes(intact)
    plan = json.loads(sunledger("retention", "plan", "--json").output)
    stays = [step for step in plan if step["what"] == "readings"]
    assert [step["which"] for step in stays] == ["2024-02", "2024-03"]
    assert all("not verified as intact" in step["outcome"] for step in stays)
    assert sunledger("evidence", "verify").exit_code == 0
    result = sunledger("retention", "apply")
    assert result.exit_code == 0 and f"2024-03: {SLOTS - 4} readings went to the archive" in result.output
    assert warehouse.execute(count).fetchone()["n"] == 0
    assert sunledger("evidence", "verify").exit_code == 0, "it stands without the readings"

    # newer terms for days without readings would take back what was claimed of them
    amended = changed(starts_on="2024-03-01", ends_on="2024-03-31", assess_from_on="2024-03-01", annual_fee=31000)
    promised = {**FILE["obligations"][0], "meters": {"measured": ["M1"]}, "expected_from": "always"}
    [flaw] = refusal(apply, {**amended, "obligations": [promised]}, reason="amendment 1")
    assert flaw == ("C709", "")

    # the meter's memory is read out: it had produced after all
    tenth = START + timedelta(days=9)
    ingest(csv([100] * 96, tenth), name="memory.csv")
    publish()
    assert warehouse.execute(count).fetchone()["n"] == 0 and events(warehouse) == [(1, "detected", True)]
    assert warehouse.execute("select to_regclass('canonical.meter_reading_2024_03') as t").fetchone()["t"] is None
    [proposal] = json.loads(sunledger("restatements", "list", "--json").output)
    assert (proposal["status"], proposal["month_start"]) == ("proposed", "2024-03-01")
    assert proposal["late_reading_count"] == 96
    reason = "read from the meter's memory"
    result = sunledger("restatements", "accept", str(organization), "2024-03", "--reason", reason)
    assert "months brought back: 2024-03; loads to be published: 1; contracts to be assessed again: 1" in result.output
    assert all("wait for publication" in said for said in retire().values()), "not before it is published"
    publish()
    assert warehouse.execute(count).fetchone()["n"] == SLOTS - 4
    assert [event[:2] for event in events(warehouse)] == [(1, "superseded"), (2, "withdrawn")]
    [proposal] = json.loads(sunledger("restatements", "list", "--json").output)
    assert (proposal["status"], proposal["reason"]) == ("accepted", reason)
    assert "evidence is not complete" in retire()["2024-03"]
    assert preserve()["complete"] == 1
    assert retire() == {"2024-03": f"{SLOTS - 4} readings went to the archive"}
    names = {path.name for path in Path(tmp_path / f"lake/archive/readings/{organization}").iterdir()}
    assert {"2024-03.parquet", "2024-03.r2.parquet"} <= names
    assert [event[2] for event in events(warehouse)] == [True, True]
    assert sunledger("audit", "verify").exit_code == 0
    actions = {row["action"] for row in warehouse.execute("select distinct action from ops.audit_entry").fetchall()}
    assert actions >= {
        "land",
        "judge",
        "publish",
        "detect event",
        "archive evidence",
        "archive month",
        "retire month",
        "restore month",
        "replay",
        "accept restatement",
        "verify evidence",
    }
