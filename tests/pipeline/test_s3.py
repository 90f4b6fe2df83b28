"""The whole path with the lake on S3: landed by us, dropped by clients, judged, published, replayed."""

import pytest

from tests.pipeline.files import csv
from tests.pipeline.oracle import count, state


@pytest.fixture
def lake(s3_lake, organization, monkeypatch):
    from include.lake.store import Lake

    monkeypatch.setenv("LAKE_URL", s3_lake)
    return Lake()


def test_a_file_walks_the_whole_path_on_s3(lake, ingest, warehouse):
    from include.pipeline.process import replay
    from include.pipeline.publish import publish

    load = ingest(csv([*range(100, 120), -90000]))
    assert (load["status"], load["rows_clean"], load["rows_rejected"]) == ("accepted", 20, 1)
    assert {found.key for found in lake.list("raw")} == {load["lake_key"], f"{load['lake_key']}.request.json"}
    assert [found.key for found in lake.list("validated")] == [load["disposition_key"]]
    publish()
    before = state(warehouse)
    assert count(warehouse, "canonical.meter_reading") == 20
    replay(load["load_id"], actor="test")
    publish()
    assert state(warehouse) == before


def test_objects_that_clients_put_are_picked_up_once_and_again_when_they_change(lake, organization, warehouse):
    from include.pipeline.inbox import pick_up
    from include.pipeline.process import process_all

    path = f"{lake.root}/raw/manual/{organization}/2026-11-20/day.csv"
    for energies in ([1, 2, 3], [1, 2, 4]):
        lake.fs.pipe_file(path, csv(energies).encode())
        assert process_all(pick_up()) == {"accepted": 1}
        assert process_all(pick_up()) == {}
    loads = warehouse.execute("select corrects_load_id from ops.ingestion_log order by load_id").fetchall()
    assert [load["corrects_load_id"] for load in loads] == [None, 1]


def test_a_held_load_moves_to_quarantine_and_back_on_s3(lake, ingest):
    from include.pipeline.release import release_load

    load = ingest(csv([100] * 5 + ["x"] * 5))
    assert [found.key for found in lake.list("quarantine")] == [load["disposition_key"]]
    release_load(load["load_id"], actor="ada", reason="checked")
    assert list(lake.list("quarantine")) == [] and len(list(lake.list("validated"))) == 1
