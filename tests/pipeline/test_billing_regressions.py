"""What an earlier system of this kind got wrong with bills, and what holds here instead."""

from decimal import Decimal

import pytest

from tests.pipeline.billing import codes, contract, line, meter, push, row


@pytest.fixture
def owner(warehouse, organization) -> int:
    return contract(warehouse, organization)


@pytest.fixture
def load_reference(organization, tmp_path):
    from include.pipeline import reference

    def bring(kind: str, text: str):
        path = tmp_path / f"{kind}.csv"
        path.write_text(text)
        report = reference.load_file(path, kind, organization, actor="ada")
        assert not report.errors
        return report

    return bring


def publish():
    from include.pipeline.publish import publish

    return publish()


def reads(warehouse) -> list[dict]:
    return warehouse.execute(
        "select * from canonical.billing_read order by billed_line_id, bill_on, load_id, row_number, publication_id"
    ).fetchall()


def months(warehouse) -> list[dict]:
    return warehouse.execute(
        "select * from canonical.meter_aggregate where basis = 'billing' order by billed_line_id, period_end"
    ).fetchall()


@pytest.mark.parametrize("adapter", ["cbe", "generic"])
def test_every_adapter_of_the_registry_brings_a_read_to_the_end(warehouse, organization, owner, adapter):
    line(warehouse, owner, "L1", meter_id=meter(warehouse))
    rows = {
        "cbe": row("L1", "2026-01-31", 0, 100),
        "generic": {"contract_line_unique_id": "L1", "period_start": "2026-01-01", "total_production_kwh": 100},
    }
    assert push(organization, [rows[adapter]], adapter)["status"] == "accepted"
    publish()
    assert [month["energy_kwh"] for month in months(warehouse)] == [100]


def test_a_line_without_a_meter_is_stored_and_corrected(warehouse, organization, owner):
    line(warehouse, owner, "L1")
    push(organization, [row("L1", "2026-01-31", 0, 100)])
    publish()
    push(organization, [row("L1", "2026-01-31", 0, 120)])
    publish()
    (month,) = months(warehouse)
    assert (month["meter_id"], month["energy_kwh"]) == (None, 120)


def test_zero_readings_are_values_and_zero_energy_is_not_null(warehouse, organization, owner):
    for number, zero in enumerate((0, 0.0, "0", "0.00"), start=1):
        line(warehouse, owner, f"L{number}", number)
        load = push(organization, [row(f"L{number}", "2026-01-31", zero, zero, UTILIZED_READING=zero)])
        assert codes(warehouse, load) == {}, repr(zero)
    publish()
    found = [(month["energy_wh"], month["energy_kwh"], month["opening_reading_kwh"]) for month in months(warehouse)]
    assert found == [(0, 0, 0)] * 4


def test_rows_of_unknown_lines_wait_with_their_reason_and_load_once_the_line_is_known(
    warehouse, organization, owner, load_reference
):
    line(warehouse, owner, "L1")
    load = push(organization, [row("L1", "2026-01-31", 0, 100), row("L2", "2026-01-31", 0, 200)])
    assert (load["status"], load["rows_clean"], load["rows_rejected"]) == ("accepted", 1, 1)
    assert codes(warehouse, load) == {2: ["B501_LINE_UNRESOLVED"]}
    publish()
    assert [read["energy_kwh"] for read in reads(warehouse)] == [100]
    assert publish() is None, "nothing changed, so nothing is tried again"

    load_reference("contract_line", "contract,line_number,external_line_id\nC-1,2,L2\n")
    publish()
    assert [read["energy_kwh"] for read in reads(warehouse)] == [100, 200]
    assert codes(warehouse, load) == {}


def test_a_mid_month_bill_waits_for_its_period_and_loads_once_that_is_declared(
    warehouse, organization, owner, load_reference
):
    line(warehouse, owner, "L1", meter_id=meter(warehouse))
    load = push(organization, [row("L1", "2026-03-15", 0, 100), row("L1", "2026-03-31", 100, 300)])
    assert codes(warehouse, load) == {1: ["B502_PERIOD_UNRESOLVED"]}
    load_reference("billing_period", "name,start_on,end_on\nMarch until the exchange,2026-03-01,2026-03-15\n")
    publish()
    first, second = months(warehouse)
    assert (first["energy_kwh"], first["period_end"].isoformat()) == (100, "2026-03-15T23:00:00+00:00")
    assert (second["energy_kwh"], second["period_end"].isoformat()) == (200, "2026-03-31T22:00:00+00:00")


def test_a_line_twice_in_one_batch_loads_once_and_both_rows_are_kept(warehouse, organization, owner):
    line(warehouse, owner, "L1")
    same, other = row("L1", "2026-01-31", 0, 100), row("L1", "2026-01-31", 0, 110)
    load = push(organization, [same, same, other])
    assert (load["status"], load["rows_clean"], load["rows_duplicate"]) == ("accepted", 1, 2)
    assert load["verdict"]["codes"]["B401_DUP_IN_BATCH"]["rows"] == 2
    publish()
    found = [(read["row_number"], read["energy_kwh"], read["superseded_at"] is None) for read in reads(warehouse)]
    assert (3, 110, True) in found
    assert sum(is_current for *_, is_current in found) == 1
    assert {energy for _, energy, _ in found} == {100, 110}
    assert [month["energy_kwh"] for month in months(warehouse)] == [110]


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-03-31", None, "2026-03-31"),
        ("2026/3/31", None, "2026-03-31"),
        ("31/03/2026", "DMY", "2026-03-31"),
        ("03/31/2026", "MDY", "2026-03-31"),
        ("31/03/2026", None, "R105_TS_AMBIGUOUS"),
        ("31/03/2026", "MDY", "B102_DATE_FORMAT"),
        ("2026-02-30", None, "B102_DATE_FORMAT"),
        ("20260331", None, "B102_DATE_FORMAT"),
    ],
)
def test_a_date_is_read_without_guessing(warehouse, organization, owner, text, order, expected):
    line(warehouse, owner, "L1")
    load = push(organization, [row("L1", text, 0, 100)], **({"date_order": order} if order else {}))
    day = warehouse.execute("select bill_on::text from raw.billing_read").fetchone()["bill_on"]
    assert codes(warehouse, load).get(1, [day]) == [expected]


def test_no_price_is_used_outside_its_validity_and_the_right_one_is_taken_in_later(
    warehouse, organization, owner, load_reference
):
    head = "tariff_group_key,name,valid_from_on,valid_to_on,base_rate,currency\n"
    load_reference("tariff", head + "L1,old,2024-01-01,2025-12-31,0.08,USD\nL1,next,2027-01-01,,0.12,USD\n")
    line(warehouse, owner, "L1")
    load = push(organization, [row("L1", "2026-01-31", 0, 100)])
    assert load["verdict"]["codes"]["B601_NO_TARIFF"]["severity"] == "warn"
    publish()
    assert [(read["energy_kwh"], read["tariff_id"]) for read in reads(warehouse)] == [(100, None)]

    load_reference("tariff", head + "L1,now,2026-01-01,2026-12-31,0.1,USD\n")
    publish()
    unpriced, priced = reads(warehouse)
    rate = warehouse.execute("select base_rate from core.tariff where tariff_id = %s", [priced["tariff_id"]]).fetchone()
    assert rate["base_rate"] == Decimal("0.1")
    assert (unpriced["superseded_at"] is not None, priced["superseded_at"]) == (True, None)


def test_ids_that_a_client_resolved_are_used_and_those_of_others_are_not(warehouse, organization, owner):
    from include.pipeline import registration

    mine = line(warehouse, owner, "L1", meter_id=meter(warehouse))
    other = registration.apply({"organization": "Other", "projects": [{"name": "Far", "time_zone": "UTC"}]})
    theirs = line(warehouse, contract(warehouse, other["organization_id"]), "T1")
    periods = "select billing_period_id from core.billing_period where start_on = '2026-02-01'"
    period = warehouse.execute(periods).fetchone()["billing_period_id"]
    alien = warehouse.execute(
        "insert into core.billing_period (organization_id, name, start_on, end_on) "
        "values (%s, 'theirs', '2026-02-02', '2026-02-20') returning billing_period_id",
        [other["organization_id"]],
    ).fetchone()["billing_period_id"]
    read = {"period_start": "2026-02-01", "total_production_kwh": 5}
    load = push(
        organization,
        [
            read | {"contract_line_id": mine, "billing_period_id": period},
            read | {"contract_line_id": theirs, "billing_period_id": period},
            read | {"contract_line_id": mine, "billing_period_id": alien},
        ],
        "generic",
    )
    assert codes(warehouse, load) == {2: ["B501_LINE_UNRESOLVED"], 3: ["B502_PERIOD_UNRESOLVED"]}
    publish()
    assert [(r["billed_line_id"], r["billing_period_id"]) for r in reads(warehouse)] == [(mine, period)]


def test_a_period_ends_where_the_next_begins(warehouse, organization, owner):
    line(warehouse, owner, "L1")
    push(organization, [row("L1", "2026-03-31", 0, 100), row("L1", "2026-04-30", 100, 200)])
    publish()
    march, april = months(warehouse)
    assert march["period_end"] == april["period_start"]
    assert march["period_end"].isoformat() == "2026-03-31T22:00:00+00:00"


def test_a_tenant_sees_its_own_bills_and_the_common_months_only(warehouse, organization, owner):
    from include.pipeline import registration
    from include.warehouse.database import connect, set_tenant

    line(warehouse, owner, "L1")
    push(organization, [row("L1", "2026-01-31", 0, 100)])
    publish()
    other = registration.apply({"organization": "Other", "projects": []})["organization_id"]
    seen = {}
    for tenant in (organization, other):
        with connect("api") as connection:
            set_tenant(connection, tenant)
            seen[tenant] = [
                connection.execute(f"select count(*) as n from {table}").fetchone()["n"]
                for table in ("canonical.billing_read", "core.contract", "core.contract_line", "core.billing_period")
            ]
    assert seen[organization][:3] == [1, 1, 1]
    assert seen[other][:3] == [0, 0, 0]
    assert seen[organization][3] == seen[other][3] > 100
