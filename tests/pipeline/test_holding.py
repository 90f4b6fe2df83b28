"""Held loads, unmapped sites and releases: refused data waits, and a person may let it pass."""

import pytest

from include.core.errors import ConfigurationError, IllegalState
from tests.pipeline.files import csv
from tests.pipeline.oracle import count


def publish():
    from include.pipeline.publish import publish

    return publish()


@pytest.mark.parametrize(("bad", "status"), [(10, "accepted"), (11, "held")])
def test_more_than_a_tenth_of_bad_rows_holds_the_load(ingest, warehouse, bad, status):
    load = ingest(csv([100] * (100 - bad) + ["x"] * bad))
    assert (load["status"], load["rows_rejected"]) == (status, bad)
    publish()
    assert count(warehouse, "canonical.meter_reading") == (100 - bad if status == "accepted" else 0)
    if status == "held":
        assert load["code"] == "F006_ERROR_RATE" and load["disposition_key"].startswith("quarantine/")


def test_a_held_load_passes_after_its_release_with_a_reason_that_is_kept(ingest, warehouse):
    from include.lake.store import Lake
    from include.pipeline.release import release_load

    load = ingest(csv([100] * 5 + ["x"] * 5))
    with pytest.raises(ConfigurationError):
        release_load(load["load_id"], actor="ada", reason=" ")
    release_load(load["load_id"], actor="ada", reason="the logger was being repaired")
    publish()
    assert count(warehouse, "canonical.meter_reading") == 5
    entry = warehouse.execute("select actor, action, reason from ops.audit_entry where actor <> 'pipeline'").fetchone()
    assert tuple(entry.values()) == ("ada", "release load", "the logger was being repaired")
    assert list(Lake().list("quarantine")) == []
    with pytest.raises(IllegalState):
        release_load(load["load_id"], actor="ada", reason="again")


def test_a_refused_row_can_be_released_unless_it_could_not_be_read(ingest, warehouse):
    from include.pipeline.release import release_row

    load = ingest(csv([100] * 20 + [99_999_999, "x"]))
    release_row(load["load_id"], 21, actor="ada", reason="checked against the register")
    with pytest.raises(IllegalState, match="R201"):
        release_row(load["load_id"], 22, actor="ada", reason="no")
    publish()
    assert count(warehouse, "canonical.meter_reading", "energy_wh = 99999999") == 1
    after = warehouse.execute("select rows_clean, rows_rejected from ops.ingestion_log").fetchone()
    assert (after["rows_clean"], after["rows_rejected"]) == (21, 1)


def test_a_released_row_stays_released_when_the_load_is_replayed(ingest, warehouse):
    from include.pipeline.process import replay
    from include.pipeline.release import release_row

    load = ingest(csv([100] * 20 + [99_999_999]))
    release_row(load["load_id"], 21, actor="ada", reason="checked")
    assert replay(load["load_id"], actor="ada")["rows_clean"] == 21


def test_rows_of_an_unmapped_site_wait_and_load_once_it_is_mapped(ingest, organization, warehouse):
    from include.pipeline import registration

    load = ingest(csv([100] * 4) + csv([200] * 4, site="NEW").split("\n", 1)[1])
    assert (load["status"], load["rows_clean"], load["rows_rejected"]) == ("accepted", 4, 4)
    publish()
    assert count(warehouse, "canonical.meter_reading") == 4
    plant = {
        "name": "New",
        "time_zone": "UTC",
        "meters": [{"name": "N", "devices": [{"source": "manual", "site": "NEW"}]}],
    }
    registration.apply({"organization": "Test Energy", "projects": [plant]})
    publish()
    assert count(warehouse, "canonical.meter_reading") == 8
    assert count(warehouse, "quarantine.rejected_row") == 0
    assert publish() is None


def test_two_devices_of_a_site_never_share_a_meter(ingest, warehouse):
    text = "timestamp,site_id,device_id,energy_wh\n"
    text += "".join(f"2026-06-01T00:00:00Z,P1,{device},{wh}\n" for device, wh in [("", 1), ("INV-2", 2), ("INV-9", 4)])
    load = ingest(text, interval_seconds=900)
    assert (load["rows_clean"], load["rows_rejected"]) == (2, 1)
    publish()
    readings = warehouse.execute("select meter_id, energy_wh::int from canonical.meter_reading order by 1").fetchall()
    assert [row["energy_wh"] for row in readings] == [1, 2]
