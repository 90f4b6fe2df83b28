"""Duplicates, corrections, replays: the same content loads once per organization, a new version is a correction."""

import pytest

from include.core.errors import IllegalState
from tests.pipeline.files import csv
from tests.pipeline.oracle import count, state

DAY = csv(range(100, 196))


@pytest.fixture
def publish():
    from include.pipeline.publish import publish

    return publish


def test_the_same_file_twice_is_a_duplicate_without_rows(ingest, warehouse):
    first, second = ingest(DAY), ingest(DAY)
    assert (first["status"], second["status"], second["duplicate_of"]) == ("accepted", "duplicate", first["load_id"])
    assert (second["rows_in"], second["code"]) == (0, "F004_DUPLICATE")
    assert count(warehouse, "raw.file_reading") == 96


def test_the_same_bytes_from_two_senders_at_once_are_both_in_the_ledger(organization, warehouse, monkeypatch):
    from include.lake.store import Lake
    from include.pipeline.land import land_file

    def land(uri: str) -> dict:
        return land_file(DAY.encode(), name="a.csv", organization_id=organization, source_system="manual", uri=uri)

    write_request = Lake.put_bytes

    def overtaken(lake: Lake, key: str, body: bytes) -> str:
        monkeypatch.setattr(Lake, "put_bytes", write_request)
        assert land("push://other")["status"] == "landed"
        return write_request(lake, key, body)

    monkeypatch.setattr(Lake, "put_bytes", overtaken)
    assert land("push://slow")["status"] == "duplicate"
    ledger = warehouse.execute("select original_uri, status from ops.ingestion_log order by load_id").fetchall()
    assert [tuple(row.values()) for row in ledger] == [("push://other", "landed"), ("push://slow", "duplicate")]


def test_the_same_content_under_another_name_is_a_duplicate(ingest):
    first, second = ingest(DAY, "june.csv"), ingest(DAY, "june final (2).txt")
    assert second["duplicate_of"] == first["load_id"] and "june.csv" in second["message"]


def test_another_organization_may_deliver_the_same_content(ingest, warehouse, tmp_path):
    from include.pipeline import registration
    from include.pipeline.land import land_file

    ingest(DAY)
    other = registration.apply({"organization": "Other"})["organization_id"]
    path = tmp_path / "same.csv"
    path.write_text(DAY)
    assert land_file(path, name="same.csv", organization_id=other, source_system="manual")["status"] == "landed"


def test_known_content_needs_one_connection_and_nothing_of_the_lake(organization, monkeypatch):
    from include.lake.store import Lake
    from include.pipeline import land
    from include.warehouse.database import connect

    def sent() -> dict:
        return land.land_file(DAY.encode(), name="a.csv", organization_id=organization, source_system="manual")

    opened = []
    monkeypatch.setattr(land, "connect", lambda: opened.append("connection") or connect())
    assert sent()["status"] == "landed"
    assert len(opened) == 2, "no transaction may be open while the lake takes the bytes"
    opened.clear()
    monkeypatch.setattr(Lake, "__init__", lambda lake: pytest.fail("the lake was asked for known content"))
    assert sent()["status"] == "duplicate"
    assert len(opened) == 1


def test_a_duplicate_of_a_rejected_file_says_what_to_do(ingest):
    first = ingest("energy_wh\n5\n")
    assert (first["status"], first["code"]) == ("rejected", "F007_HEADER")
    second = ingest("energy_wh\n5\n", "again.csv")
    assert second["status"] == "duplicate" and f"load {first['load_id']} is rejected" in second["remedy"]


def test_publishing_twice_and_replaying_change_nothing(ingest, publish, warehouse):
    from include.pipeline.process import replay

    load = ingest(DAY)
    publish()
    before = state(warehouse)
    versions = warehouse.execute("select xmin::text from canonical.meter_reading order by 1").fetchall()
    assert replay(load["load_id"], actor="test")["status"] == "accepted"
    publish()
    assert state(warehouse) == before
    assert warehouse.execute("select xmin::text from canonical.meter_reading order by 1").fetchall() == versions
    assert count(warehouse, "canonical.meter_reading_revision") == 0


def test_a_later_file_corrects_and_the_replaced_value_is_kept(ingest, publish, warehouse):
    ingest(csv([100, 200, 300]))
    publish()
    ingest(csv([100, 250, 300]), "corrected.csv")
    publish()
    values = warehouse.execute('select energy_wh from canonical.meter_reading order by "timestamp"').fetchall()
    assert [float(row["energy_wh"]) for row in values] == [100, 250, 300]
    revisions = warehouse.execute(
        "select energy_wh, reason, load_id, winner_load_id from canonical.meter_reading_revision"
    )
    [revision] = revisions.fetchall()
    assert (float(revision["energy_wh"]), revision["reason"]) == (200, "replaced")
    assert revision["load_id"] < revision["winner_load_id"]
    daily = warehouse.execute("select energy_wh from canonical.meter_aggregate where period_type = 'daily'").fetchone()
    assert float(daily["energy_wh"]) == 650


def test_replaying_the_older_load_does_not_undo_the_correction(ingest, publish, warehouse):
    from include.pipeline.process import replay

    first = ingest(csv([100, 70]))
    ingest(csv([150, 70]), "corrected.csv")
    publish()
    replay(first["load_id"], actor="test")
    publish()
    assert count(warehouse, "canonical.meter_reading", "energy_wh = 150") == 1
    assert count(warehouse, "canonical.meter_reading") == 2


def test_accounting_is_exact_with_bad_and_repeated_rows(ingest, warehouse):
    rows = [*range(100, 140), -90000, "two", *range(140, 150)]
    text = csv(rows) + "2026-06-01T00:00:00+00:00,P1,100\n" + "2026-06-01T00:15:00+00:00,P1,999\n"
    load = ingest(text)
    assert (load["rows_in"], load["rows_clean"], load["rows_rejected"], load["rows_duplicate"]) == (54, 50, 2, 2)
    assert load["status"] == "accepted"
    assert load["verdict"]["codes"]["R401_DUP_IN_FILE"]["rows"] == 2


def test_the_ledger_refuses_sums_that_do_not_add_up(ingest, warehouse):
    import psycopg

    load = ingest(DAY)
    with pytest.raises(psycopg.errors.CheckViolation):
        warehouse.execute("update ops.ingestion_log set rows_clean = 1 where load_id = %s", [load["load_id"]])


def test_repeated_keys_in_one_file_keep_the_last_and_its_rival_in_history(ingest, publish, warehouse):
    ingest(csv([100, 200]) + "2026-06-01T00:00:00+00:00,P1,111\n2026-06-01T00:15:00+00:00,P1,200\n")
    publish()
    values = warehouse.execute('select energy_wh from canonical.meter_reading order by "timestamp"').fetchall()
    assert [float(row["energy_wh"]) for row in values] == [111, 200]
    rivals = warehouse.execute("select energy_wh from canonical.meter_reading_revision").fetchall()
    assert [float(row["energy_wh"]) for row in rivals] == [100]


def test_a_load_in_the_open_publication_cannot_be_replayed(ingest, warehouse):
    from include.pipeline.process import replay
    from include.pipeline.publish import close_publication, open_publication

    load = ingest(DAY)
    publication = open_publication()
    with pytest.raises(IllegalState, match="open publication"):
        replay(load["load_id"], actor="test")
    close_publication(publication)


def test_a_file_for_another_tenant_is_refused_as_a_whole(ingest, organization, warehouse):
    load = ingest(f"timestamp,site_id,energy_wh,organization_id\n2026-06-01T00:00:00Z,P1,5,{organization + 1}\n")
    assert (load["status"], load["code"]) == ("rejected", "F008_TENANT_MISMATCH")
    assert count(warehouse, "raw.file_reading") == count(warehouse, "quarantine.rejected_row") == 0


@pytest.mark.parametrize("content", ["", "timestamp,energy_wh\n"])
def test_an_empty_file_is_recorded_without_noise(ingest, warehouse, content):
    load = ingest(content)
    assert (load["status"], load["code"], load["rows_in"]) == ("empty", "F001_EMPTY", 0)
    assert count(warehouse, "quarantine.rejected_row") == 0
