"""Billing reads through land, stage, judge and publish: what is refused, what waits, what is kept."""

import pytest

from include.core.errors import ConfigurationError, FileRejected, IllegalState
from tests.pipeline.billing import codes, contract, line, meter, push, row


@pytest.fixture
def lines(warehouse, organization) -> dict[str, int]:
    """A metered line with a meter and a line without one."""
    owner = contract(warehouse, organization)
    return {
        "L1": line(warehouse, owner, "L1", 1, meter_id=meter(warehouse)),
        "L2": line(warehouse, owner, "L2", 2),
    }


def publish():
    from include.pipeline.publish import publish

    return publish()


def test_a_bad_row_never_rejects_its_neighbours(warehouse, organization, lines):
    rows = [
        row("L1", "2026-01-31", 0, 1000),
        row("L1", "", 1000, 2000),
        row("L1", "31. January", 1000, 2000),
        row("L1", "03/04/2026", 1000, 2000),
        row("L1", "2026-02-28", None, 2000),
        row("L1", "2026-02-28", "one", 2000),
        row("L1", "2026-02-28", "NaN", 2000),
        row("L1", "2026-02-28", 2000, 1000),
        row("L1", "2026-02-28", 1000, 2000, UTILIZED_READING=1000.6),
        row("L1", "2026-02-28", 1000, 2000, CONTRACT_CURRENCY="EUR"),
        row("L1", "2026-02-28", 1000, 2000, QUANTITY_UNIT="MO"),
        row("L1", "2026-02-28", 1000, 2000, UTILIZED_READING=1000.5),
    ]
    load = push(organization, rows)
    assert codes(warehouse, load) == {
        2: ["B101_DATE_MISSING"],
        3: ["B102_DATE_FORMAT"],
        4: ["R105_TS_AMBIGUOUS"],
        5: ["B110_READINGS_MISSING"],
        6: ["B201_NOT_NUMERIC"],
        7: ["B202_NOT_FINITE"],
        8: ["B110_READINGS_MISSING", "B301_REGISTER_FALLS"],
        9: ["B302_USE_DIFFERS"],
        10: ["B304_CURRENCY_DIFFERS"],
        11: ["B205_UNIT_UNKNOWN"],
    }
    assert (load["rows_in"], load["rows_clean"], load["rows_rejected"]) == (12, 2, 10)


def test_a_refused_row_keeps_its_cells_and_can_be_released_unless_it_could_not_be_read(warehouse, organization, lines):
    from include.pipeline.release import release_row

    good = [row("L1", f"2025-{month:02}-28", 0, 10, UTILIZED_READING=10) for month in (2,)]
    good += [row("L2", f"2025-{month:02}-{day}", 0, 10) for month, day in ((1, 31), (3, 31), (4, 30), (5, 31), (6, 30))]
    good += [row("L1", f"2025-{month:02}-{day}", 0, 10) for month, day in ((7, 31), (8, 31), (9, 30), (10, 31))]
    good += [row("L1", f"2024-{month:02}-{day}", 0, 10) for month, day in ((7, 31), (8, 31), (9, 30), (10, 31))]
    good += [row("L2", f"2024-{month:02}-{day}", 0, 10) for month, day in ((7, 31), (8, 31), (9, 30), (10, 31))]
    gap = row("L1", "2026-02-28", "1,000", 2000, UTILIZED_READING=1001, FACILITY="North")
    load = push(organization, [*good, gap, row("L1", "2026-03-31", "x", 1)])
    assert (load["status"], load["rows_rejected"]) == ("accepted", 2)
    kept = warehouse.execute("select original from quarantine.rejected_row where row_number = 19").fetchone()[
        "original"
    ]
    assert (kept["OPENING_READING"], kept["FACILITY"]) == ("1,000", "North")
    publish()
    release_row(load["load_id"], 19, actor="ada", reason="the ERP rounds")
    with pytest.raises(IllegalState, match="B201"):
        release_row(load["load_id"], 20, actor="ada", reason="no")
    publish()
    read = warehouse.execute("select * from canonical.billing_read where bill_on = '2026-02-28'").fetchone()
    assert (read["opening_reading_kwh"], read["utilized_reading_kwh"], read["energy_kwh"]) == (1000, 1001, 1001)


def test_an_extract_in_any_form_says_the_same(warehouse, organization, lines, tmp_path):
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    from include.pipeline.land import land_billing
    from include.pipeline.process import process

    one = row("L1", "2026-01-31", "0", "1500", DISCOUNT_READING="20")
    pq.write_table(pa.table({name: [cell] for name, cell in one.items()}), tmp_path / "a.parquet")
    csv = "\ufeff" + ",".join(one) + "\r\n" + ",".join(map(str, one.values())) + "\r\n"
    (tmp_path / "a.csv").write_text(csv, encoding="utf-8")
    (tmp_path / "a.ndjson").write_text(json.dumps({name.lower(): cell for name, cell in one.items()}) + "\n{}\n")
    (tmp_path / "a.json").write_text(json.dumps([one]))
    for file in sorted(tmp_path.glob("a.*")):
        landed = land_billing(file, name=file.name, organization_id=organization, source_system="manual", adapter="cbe")
        process(landed["load_id"])
    rows = warehouse.execute(
        "select bill_on, opening_reading_kwh, closing_reading_kwh, total_production_kwh, energy_category "
        "from intermediate.int_billing__resolved where bill_on is not null"
    ).fetchall()
    assert len(rows) == 4
    assert all(each == rows[0] for each in rows)
    assert (str(rows[0]["bill_on"]), rows[0]["total_production_kwh"]) == ("2026-01-31", 1480)


def test_the_same_bytes_are_known_and_another_adapter_is_another_delivery(warehouse, organization, lines):
    rows = [row("L1", "2026-01-31", 0, 1000)]
    first = push(organization, rows)
    again = push(organization, rows)
    assert (again["status"], again["duplicate_of"]) == ("duplicate", first["load_id"])
    other = push(organization, rows, adapter="generic")
    assert other["status"] == "accepted" and other["duplicate_of"] is None
    with pytest.raises(ConfigurationError):
        push(organization, rows, adapter="sap")


def test_a_delivery_of_something_else_is_refused_as_a_whole(warehouse, organization):
    from include.pipeline.land import land_billing

    load = push(organization, b'[{"timestamp": "2026-01-01", "energy_wh": 1}]')
    assert (load["status"], load["code"]) == ("rejected", "F007_HEADER")
    assert push(organization, b"[]")["code"] == "F001_EMPTY"
    assert push(organization, b'{"readings": [{]')["code"] == "F002_UNPARSEABLE"
    with pytest.raises(FileRejected, match="F005"):
        land_billing(b"[]", name="x", organization_id=organization, source_system="sap", adapter="cbe")


def test_publishing_bills_leaves_readings_alone_and_a_second_publication_writes_nothing(
    warehouse, organization, lines, ingest
):
    from tests.pipeline.files import csv

    ingest(csv([100] * 96))
    push(organization, [row("L1", "2026-06-30", 0, 10)])
    assert publish()["loads"] == 2
    counts = "select basis, count(*) as n from canonical.meter_aggregate group by 1 order by 1"
    found = {each["basis"]: each["n"] for each in warehouse.execute(counts)}
    assert found["billing"] == 1 and found["interval"] > 24
    assert publish() is None


def test_a_replay_changes_nothing_and_a_mended_declaration_is_used(warehouse, organization, lines):
    from include.pipeline.process import replay
    from include.warehouse import files
    from include.warehouse.database import connect

    load = push(organization, [row("L1", "31/01/2026", 0, "1.000,5")])
    assert codes(warehouse, load) == {1: ["B201_NOT_NUMERIC", "R105_TS_AMBIGUOUS"]}
    with connect() as connection:
        files.store_hints(connection, organization, "billing", {"date_order": "DMY", "decimal_mark": ","})
    assert replay(load["load_id"], actor="ada")["rows_clean"] == 1
    publish()
    state = "select xmin::text, * from canonical.billing_read"
    before = warehouse.execute(state).fetchall()
    assert str(before[0]["bill_on"]) == "2026-01-31" and float(before[0]["closing_reading_kwh"]) == 1000.5
    replay(load["load_id"], actor="ada")
    publish()
    assert warehouse.execute(state).fetchall() == before


def test_a_command_ingests_an_extract_and_tells_its_verdict(warehouse, organization, lines, tmp_path):
    import json

    from typer.testing import CliRunner

    from include.cli.app import app

    file = tmp_path / "extract.csv"
    file.write_text("BILL_DATE,CONTRACT_LINE_UNIQUE_ID,UTILIZED_READING\n2026-01-31,L1,10\n")
    told = CliRunner().invoke(
        app, ["ingest", str(file), "--organization", "Test Energy", "--kind", "billing", "--adapter", "cbe", "--json"]
    )
    assert told.exit_code == 0, told.output
    verdict = json.loads(told.stdout)
    assert (verdict["status"], verdict["rows_clean"], list(verdict["codes"])) == ("accepted", 1, ["B601_NO_TARIFF"])


def test_a_released_row_whose_line_was_closed_since_waits_again(warehouse, organization, lines):
    from include.pipeline.release import release_row

    rows = [row("L2", f"2025-{month:02}-{day}", 0, 10) for month, day in ((1, 31), (3, 31), (4, 30), (5, 31), (6, 30))]
    rows += [row("L2", f"2024-{month:02}-{day}", 0, 10) for month, day in ((1, 31), (3, 31), (4, 30), (5, 31), (6, 30))]
    load = push(organization, [*rows, row("L1", "2026-02-28", 0, 10, CONTRACT_CURRENCY="EUR")])
    assert codes(warehouse, load) == {11: ["B304_CURRENCY_DIFFERS"]}
    release_row(load["load_id"], 11, actor="ada", reason="agreed by letter")
    warehouse.execute("update core.contract_line set is_active = false where external_line_id = 'L1'")
    publish()
    stored = warehouse.execute("select count(*) as n from canonical.billing_read").fetchone()["n"]
    assert codes(warehouse, load) == {11: ["B501_LINE_UNRESOLVED"]}
    after = warehouse.execute("select rows_clean, rows_rejected from ops.ingestion_log").fetchone()
    assert (stored, tuple(after.values())) == (10, (10, 1))


def test_reference_data_that_changes_under_a_publication_never_blocks_it(warehouse, organization, lines):
    from include.pipeline.publish import open_publication

    push(organization, [row("L1", "2026-01-31", 0, 10), row("L2", "2026-01-31", 0, 20)])
    open_publication()
    warehouse.execute("update core.contract_line set is_active = false where external_line_id = 'L1'")
    assert publish()["loads"] == 1
    count = "select count(*) as n from canonical.billing_read"
    assert warehouse.execute(count).fetchone()["n"] == 1
    warehouse.execute("update core.contract_line set is_active = true where external_line_id = 'L1'")
    publish()
    assert warehouse.execute(count).fetchone()["n"] == 2
