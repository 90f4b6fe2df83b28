"""Results by period and default events: from days to money, revisions and caps; nothing twice, nothing edited."""

from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest

from include.warehouse import reassessments
from tests.dbt.contract_world import DAY, Contract, profile_day

MONEY = {"ld_basis": "per_point", "ld_rate": 500, "ld_step": "0.1", "settle_days": 0}
HOURS = 100
# everything that follows from days, and nothing that makes them
RESULTS = (
    "--select",
    "int_obligation_periods__due+,int_obligation_periods__touched+",
    "int_obligation_results__voided+",
)


@pytest.fixture
def contract(world) -> Contract:
    """A plant whose contract ends with August."""
    contract = Contract(world)
    world.connection.execute("update core.contract set ends_on = '2026-08-31'")
    return contract


@pytest.fixture
def meter(contract) -> int:
    return contract.meter("A")


def put_days(contract: Contract, obligation: int, meter: int, **up: str) -> None:
    """A day of each month with this many of 100 hours up, and the other days of the month without an hour of sun."""
    (publication,) = contract.world.rows("select publication_id from ops.publication where status = 'open'")
    for month, hours in up.items():
        contract.world.connection.execute(
            """
            insert into canonical.obligation_day
            select day.*
            from generate_series(%(from)s::date, %(from)s::date + interval '1 month - 1 day', '1 day') as at
            cross join lateral jsonb_populate_record(null::canonical.obligation_day, jsonb_build_object(
                'organization_id', %(organization)s, 'project_id', %(project)s, 'contract_id', %(contract)s,
                'obligation_id', %(obligation)s, 'meter_id', %(meter)s, 'day_on', at::date, 'day_start', at::date,
                'day_end', at::date + 1, 'time_zone', 'UTC', 'reading_interval_seconds', 900, 'slots_expected', 96,
                'measured_slots', 96, 'estimated_slots', 0, 'substituted_slots', 0, 'substitutions', '[]'::jsonb,
                'sun_decided_slots', 0, 'undecided_slots', 0, 'excused_hours', 0, 'no_data_hours', 0,
                'out_of_specification_hours', 0, 'excused_event_ids', '[]'::jsonb,
                'excused_hours_by_class', '{}'::jsonb,
                'raw_hours_available', 0, 'raw_hours_expected', 0, 'energy_wh', 0, 'substituted_energy_wh', 0,
                'correction_wh', 0, 'deemed_slots', 0, 'reference_slots', 0, 'publication_id', %(publication)s,
                'assessed_at', now(),
                'produced_hours', case when at = %(from)s then %(hours)s::numeric else 0 end,
                'not_producing_hours', case when at = %(from)s then 100 - %(hours)s::numeric else 0 end
            )) as day
            on conflict (organization_id, obligation_id, meter_id, day_on) do update set
                produced_hours = excluded.produced_hours, not_producing_hours = excluded.not_producing_hours,
                publication_id = excluded.publication_id
            """,
            {
                "from": date(2026, int(month[1:]), 1),
                "hours": hours,
                "organization": contract.organization,
                "project": contract.project,
                "contract": contract.contract,
                "obligation": obligation,
                "meter": meter,
                "publication": publication["publication_id"],
            },
        )


def publish(contract: Contract, *days: tuple[int, int, dict]) -> None:
    """Publish days as they are given, and take up the reassessments that wait."""
    publication = contract.world.open()
    contract.world.connection.execute(
        "update ops.reassessment set publication_id = %s where publication_id is null", [publication]
    )
    for obligation, meter, up in days:
        put_days(contract, obligation, meter, **up)
    contract.world.build(*RESULTS)
    contract.world.close()


def events(contract: Contract, code: str = "o1") -> list[tuple]:
    """What is said of each period, in revisions: month, revision, status, before cap, payable, change."""
    rows = contract.world.rows(
        "select * from canonical.default_event where obligation_code = %s order by period_start_on, revision", code
    )
    return [
        (r["period_start_on"].month, r["revision"], r["status"], r["ld_before_cap"], r["ld_payable"], r["ld_change"])
        for r in rows
    ]


def written(contract: Contract) -> list[str]:
    tables = ("obligation_period", "default_event")
    return [contract.world.digest(f"canonical.{table}", "1, 2, 3, 4, 5, 6") for table in tables]


def test_a_broken_month_of_readings_is_an_event_once(world) -> None:
    contract = Contract(world)
    world.connection.execute("update core.contract set ends_on = '2026-06-30'")
    contract.obligation(contract.meter("A"), **MONEY)
    readings = [
        row for day in range(30) for row in profile_day("A", start=DAY + timedelta(days=day), h10={"energy": 0})
    ]
    contract.publish(world.load(readings))
    (event,) = world.rows("select * from canonical.default_event")
    assert (event["status"], event["severity"], event["revision"]) == ("detected", "medium", 1)
    assert (event["hours_available"], event["hours_expected"]) == (300, 330)
    assert event["data_completeness_percent"] == 100
    assert (event["organization_id"], event["metric"], event["obligation_code"]) == (
        contract.organization,
        "availability",
        "o1",
    )
    # thirty nights and as many dead hours are no events of a plant, and nothing excuses by itself
    assert (event["excused_hours"], event["excused_event_ids"]) == (0, [])
    assert world.rows("select * from core.plant_event") == []
    # 98 - 90.909... points at 500 for a tenth
    damages = Decimal("35454.55")
    assert (event["ld_before_cap"], event["ld_cap"], event["ld_payable"]) == (damages, None, damages)
    names = [step["name"] for step in event["calculation"]["steps"]]
    assert names[-5:] == ["shortfall", "damages", "cap", "payable", "payment"]
    assert event["evidence"]["aggregate_values"]["actual"] == "90.909090909090909091"
    before = written(contract)
    contract.reassess(date(2026, 6, 1), date(2026, 6, 30))
    contract.publish()
    assert written(contract) == before


def test_late_data_revises_what_was_said_and_nobody_edits_it(contract, meter) -> None:
    world = contract.world
    promise = contract.obligation(meter, **MONEY)
    publish(contract, (promise, meter, {"m6": "97.2", "m7": "99", "m8": "99"}))
    assert events(contract) == [(6, 1, "detected", 4000, 4000, None)]
    world.connection.execute("update canonical.default_event set status = 'notified', notified_on = '2026-07-10'")

    publish(contract, (promise, meter, {"m6": "98.3"}))
    assert events(contract) == [(6, 1, "superseded", 4000, 4000, None), (6, 2, "withdrawn", 0, 0, -4000)]
    publish(contract, (promise, meter, {"m6": "98.4"}))
    assert len(events(contract)) == 2

    publish(contract, (promise, meter, {"m6": "97"}))
    assert events(contract)[1:] == [(6, 2, "superseded", 0, 0, -4000), (6, 3, "detected", 5000, 5000, 5000)]
    chain = world.rows("select default_event_id, supersedes_event_id from canonical.default_event order by revision")
    assert [row["supersedes_event_id"] for row in chain] == [None, *(row["default_event_id"] for row in chain[:-1])]
    # a person takes it back: the same result does not bring it up again, another one does
    world.connection.execute("update canonical.default_event set status = 'withdrawn' where revision = 3")
    contract.reassess(date(2026, 6, 1), date(2026, 6, 30))
    publish(contract)
    assert events(contract)[2:] == [(6, 3, "withdrawn", 5000, 5000, 5000)]
    publish(contract, (promise, meter, {"m6": "96"}))
    assert events(contract)[3:] == [(6, 4, "detected", 10_000, 10_000, 5000)]
    with pytest.raises(psycopg.errors.RestrictViolation, match="never edited"):
        world.connection.execute("update canonical.default_event set ld_payable = 1 where revision = 4")


def test_an_earlier_month_takes_its_share_of_the_cap_back(contract, meter) -> None:
    one = contract.obligation(meter, cap_per_year=6000, **MONEY)
    other = contract.obligation(meter, **MONEY)
    contract.world.connection.execute("update core.contract_version set cap_lifetime = 12000")
    publish(
        contract,
        (one, meter, {"m6": "97.2", "m7": "97.2", "m8": "97.2"}),
        (other, meter, {"m6": "99", "m7": "99", "m8": "96"}),
    )
    assert events(contract) == [
        (6, 1, "detected", 4000, 4000, None),
        (7, 1, "detected", 4000, 2000, None),
        (8, 1, "detected", 4000, 0, None),
    ]
    assert events(contract, "o2") == [(8, 1, "detected", 10_000, 6000, None)]

    publish(contract, (one, meter, {"m6": "97.7"}))
    assert events(contract) == [
        (6, 1, "superseded", 4000, 4000, None),
        (6, 2, "detected", 1500, 1500, -2500),
        (7, 1, "superseded", 4000, 2000, None),
        (7, 2, "detected", 4000, 4000, 2000),
        (8, 1, "superseded", 4000, 0, None),
        (8, 2, "detected", 4000, 500, 500),
    ]
    # the contract's own cap leaves the other promise what it left before
    assert events(contract, "o2") == [(8, 1, "detected", 10_000, 6000, None)]
    (august,) = contract.world.rows(
        "select calculation from canonical.default_event "
        "where obligation_code = 'o1' and period_start_on = '2026-08-01' and revision = 2"
    )
    steps = august["calculation"]["steps"]
    assert [step["name"] for step in steps].count("cap") == 1
    (cap,) = [step for step in steps if step["name"] == "cap"]
    assert (cap["inputs"]["year_cap"], cap["inputs"]["used_in_year"], cap["rounded"]) == ("6000", "5500", "500")


def test_newer_terms_leave_what_was_said_under_the_old_ones(contract, meter) -> None:
    world = contract.world
    old = contract.obligation(meter, obligation_code="a", **MONEY)
    publish(contract, (old, meter, {"m6": "97.2", "m7": "97.2", "m8": "99"}))
    assert events(contract, "a") == [(6, 1, "detected", 4000, 4000, None), (7, 1, "detected", 4000, 4000, None)]
    new = contract.obligation(
        meter, obligation_code="a", version=2, valid_from_on=date(2026, 7, 1), guarantee=97, **MONEY
    )
    contract.reassess(date(2026, 6, 1), date(2026, 8, 31))
    publish(contract, (new, meter, {"m7": "97.2", "m8": "96.9"}))
    assert events(contract, "a") == [
        (6, 1, "detected", 4000, 4000, None),
        (7, 1, "superseded", 4000, 4000, None),
        (7, 2, "withdrawn", 0, 0, -4000),
        (8, 1, "detected", 500, 500, None),
    ]
    versions = world.rows("select obligation_version from canonical.default_event order by period_start_on, revision")
    assert [row["obligation_version"] for row in versions] == [1, 1, 2, 2]
    # the promise is given up from August on: what was said of August is taken back
    contract.obligation(meter, obligation_code="a", version=3, valid_from_on=date(2026, 8, 1), is_active=False, **MONEY)
    contract.reassess(date(2026, 8, 1), date(2026, 8, 31))
    publish(contract)
    assert events(contract, "a")[3:] == [(8, 1, "superseded", 500, 500, None), (8, 2, "withdrawn", 0, 0, -500)]
    outcomes = world.rows("select outcome from canonical.obligation_period order by period_start_on")
    assert [row["outcome"] for row in outcomes] == ["breached", "kept", "void"]
    # the calendar itself comes to know that the contract ended in the middle of June, and nobody says so
    assert reassessments.ask_about_forgotten(world.connection) == 0
    world.connection.execute("update core.contract set ends_on = '2026-06-15'")
    assert reassessments.ask_about_forgotten(world.connection) == 1
    publish(contract)
    assert reassessments.ask_about_forgotten(world.connection) == 0
    said = world.rows(
        "select period_end_on, status, ld_payable, ld_change from canonical.default_event "
        "where period_start_on = '2026-06-01' order by period_end_on, revision"
    )
    assert [tuple(row.values()) for row in said] == [
        (date(2026, 6, 15), "detected", 4000, None),
        (date(2026, 6, 30), "superseded", 4000, None),
        (date(2026, 6, 30), "withdrawn", 0, -4000),
    ]


def test_a_payment_waits_for_its_exchange_rate(contract, meter) -> None:
    world = contract.world
    promise = contract.obligation(meter, payment_currency_code="KES", **MONEY)
    publish(contract, (promise, meter, {"m6": "97.2", "m7": "99", "m8": "99"}))
    due = "select count(*) from intermediate.int_obligation_periods__due"
    (event,) = world.rows("select * from canonical.default_event")
    assert (event["ld_payable"], event["payment_amount"], event["payment_currency_code"]) == (4000, None, "KES")
    assert event["calculation"]["steps"][-1]["formula"] == "the exchange rate of the day is missing"
    assert world.value(due) == 0
    contract.insert("core.exchange_rate", "exchange_rate_id", currency_code="KES", rate_on="2026-06-30", rate="129.5")
    assert world.value(due) == 1
    publish(contract)
    (event,) = world.rows("select * from canonical.default_event where revision = 2")
    assert (event["payment_amount"], event["fx_rate"], event["ld_change"]) == (518_000, Decimal("129.5"), 0)
    assert world.value(due) == 0


def test_a_period_that_runs_shows_what_it_would_cost(contract, meter) -> None:
    world = contract.world
    promise = contract.obligation(meter, **(MONEY | {"settle_days": 400}))
    publish(contract, (promise, meter, {"m6": "97.2", "m7": "99"}))
    rows = world.rows("select * from marts.rpt_obligations_at_risk order by period_start_on")
    assert [(row["is_at_risk"], row["shortfall_so_far"], row["ld_so_far"]) for row in rows] == [
        (True, Decimal("0.8"), 4000),
        (False, 0, 0),
    ]
    assert (rows[0]["contract_number"], rows[0]["project_name"]) == ("C-1", "Plant")
    assert events(contract) == []
    world.connection.execute("update core.obligation set settle_days = 0")
    publish(contract)
    (event,) = world.rows("select * from marts.fct_default_events where period_start_on = '2026-06-01'")
    assert (event["is_open"], event["is_newest"], event["is_final"], event["ld_payable"]) == (True, True, True, 4000)
    assert world.rows("select count(*) as n from marts.rpt_obligations_at_risk") == [{"n": 0}]


def test_days_that_were_never_assessed_are_missing(contract, meter) -> None:
    promise = contract.obligation(meter, **MONEY)
    publish(contract, (promise, meter, {"m6": "97.2", "m7": "97.2", "m8": "97.2"}))
    contract.world.connection.execute(
        "delete from canonical.obligation_day where day_on in ('2026-06-03', '2026-06-04')"
    )
    contract.reassess(date(2026, 6, 1), date(2026, 6, 30))
    publish(contract)
    (june,) = contract.world.rows("select * from canonical.obligation_period where period_start_on = '2026-06-01'")
    assert (june["slots_expected"], june["measured_slots"], june["outcome"]) == (30 * 96, 28 * 96, "inconclusive")
    assert (june["shortfall"], june["ld_payable"]) == (None, None)
    assert events(contract)[1] == (6, 2, "inconclusive", None, None, -4000)
