"""What nobody attends to is seen, so that whatever ends accepted is published by itself: the signs of the watcher."""

import pytest

from tests.pipeline.files import csv

PUBLICATION = "after publication"


@pytest.fixture
def load(ingest):
    """Take in a file of readings as a Dag or the command line would; returns its ledger row."""
    return lambda values: ingest(csv(values))


def signs() -> set[tuple[str, str]]:
    from include.pipeline import process

    return process.unattended()


def later(warehouse, minutes: float) -> None:
    """Let time pass for every load."""
    warehouse.execute(
        """
        update ops.ingestion_log
        set received_at = received_at - by, judged_at = judged_at - by, reopened_at = reopened_at - by
        from make_interval(secs => 60 * %s) as t (by)
        """,
        [minutes],
    )


def publish_as(warehouse, status: str, **columns) -> int:
    """A publication as it stands in the books, without its build."""
    from include.warehouse import publications
    from include.warehouse.database import connect

    with connect() as connection:
        publication = publications.open_or_resume(connection, "test:1")
        if status == "closed":
            publications.close(connection, publication, {})
    for name, value in columns.items():
        warehouse.execute(f"update ops.publication set {name} = {value}")
    return publication["publication_id"]


def test_what_a_dag_judged_is_left_to_it_and_seen_when_no_publication_follows(load, warehouse):
    load(range(8))
    assert signs() == set()
    later(warehouse, 2)
    assert signs() == {(PUBLICATION, "")}


def test_a_replayed_load_of_any_origin_asks_for_a_publication(load, warehouse):
    from include.pipeline import process

    load_id = load(range(8))["load_id"]
    number = publish_as(warehouse, "closed")
    assert signs() == set()
    process.replay(load_id, actor="user:ada", reason="the column map was mended")
    later(warehouse, 0.1)
    assert signs() == {(PUBLICATION, str(number))}


def test_released_loads_and_rows_ask_for_a_publication(load, warehouse):
    from include.pipeline import release

    held, partial = load([100] * 5 + ["x"] * 5), load([*range(100, 130), -90000])
    number = publish_as(warehouse, "closed")
    later(warehouse, 60)
    assert signs() == set()
    release.release_load(held["load_id"], actor="user:ada", reason="checked")
    assert signs() == {(PUBLICATION, str(number))}
    number = publish_as(warehouse, "closed")
    assert signs() == set()
    release.release_row(partial["load_id"], 31, actor="user:ada", reason="real")
    assert signs() == {(PUBLICATION, str(number))}


def test_nothing_is_asked_for_while_a_publication_is_built_unless_its_builder_failed_or_fell_silent(load, warehouse):
    load(range(8))
    later(warehouse, 2)
    publish_as(warehouse, "open")
    assert signs() == set()
    warehouse.execute("update ops.publication set last_error = 'a test failed'")
    assert signs() == {(PUBLICATION, "")}
    warehouse.execute("update ops.publication set last_error = null, claimed_at = now() - interval '16 minutes'")
    assert signs() == {(PUBLICATION, "")}


def test_an_unfinished_load_is_seen_ten_minutes_after_it_was_landed_or_reopened(load, warehouse):
    from include.pipeline import process

    load_id = load(range(8))["load_id"]
    later(warehouse, 600)
    process.reopen(load_id, actor="user:ada", reason="the server dies before it goes on")
    assert signs() == set()
    later(warehouse, 11)
    assert signs() == {("load", str(load_id))}
    assert process.process_all(feeds=("file_reading",)) == {"accepted": 1}
    later(warehouse, 0.1)
    assert signs() == {(PUBLICATION, "")}


def test_rows_whose_device_was_mapped_are_taken_in_without_waiting_for_other_data(ingest, warehouse):
    from include.pipeline import process, publish, registration
    from tests.pipeline.conftest import PLANT

    refused = ingest(csv(range(100, 110), site="P9"))
    assert refused["rows_rejected"] == 10
    publish_as(warehouse, "closed")
    assert signs() == set()
    [project] = PLANT["projects"]
    device = {"source": "manual", "site": "P9"}
    meter = {"name": "North roof", "devices": [device]}
    registration.apply({**PLANT, "projects": [{**project, "meters": [*project["meters"], meter]}]})
    assert signs() == {("retry", str(refused["load_id"]))}
    assert process.retry_mapped() == [refused["load_id"]]
    assert signs() == set()
    assert publish.open_publication()["publication_id"]


def test_a_run_leaves_alone_what_a_server_is_at(organization, warehouse):
    from include.pipeline import feeds, process
    from include.pipeline.land import land_file

    def land(uri: str, first: int) -> int:
        content = csv(range(first, first + 8)).encode()
        loaded = land_file(content, name="a.csv", organization_id=organization, source_system="manual", uri=uri)
        return loaded["load_id"]

    pushed, dropped = land("api-push://1/meter-data/k1", 100), land("file:///inbox/a.csv", 200)
    assert process.process_able(feeds=feeds.CLIENT_FEEDS) == []
    statuses = warehouse.execute("select load_id, status from ops.ingestion_log order by load_id").fetchall()
    assert [tuple(row.values()) for row in statuses] == [(pushed, "landed"), (dropped, "accepted")]
    later(warehouse, 11)
    assert process.process_all(feeds=feeds.CLIENT_FEEDS) == {"accepted": 1}


def test_a_load_that_cannot_be_processed_keeps_no_other_from_publication(load, warehouse, monkeypatch):
    from include.core.errors import ObjectCorrupt
    from include.pipeline import feeds, process, publish

    good, broken, lost = (load(range(start, start + 8))["load_id"] for start in (100, 200, 300))
    process.reopen(broken, actor="user:ada", reason="to see what happens")
    later(warehouse, 11)
    publish.open_publication()
    warehouse.execute("delete from raw.judged_reading where load_id = %s", [lost])
    read = feeds.batches

    def batches(row, path):
        if row["load_id"] == broken:
            raise KeyError("a mistake in a parser")
        if row["load_id"] == lost:
            raise ObjectCorrupt("other bytes than were landed")
        yield from read(row, path)

    monkeypatch.setattr(feeds, "batches", batches)
    assert process.process_able(feeds=feeds.CLIENT_FEEDS) == [broken]
    with pytest.raises(KeyError):
        process.process_all(feeds=feeds.CLIENT_FEEDS)
    publication = publish.open_publication()
    members = warehouse.execute(
        "select load_id from ops.publication_load where publication_id = %s", [publication["publication_id"]]
    ).fetchall()
    assert [row["load_id"] for row in members] == [good]
    statuses = warehouse.execute("select status from ops.ingestion_log order by load_id").fetchall()
    assert [row["status"] for row in statuses] == ["accepted", "landed", "landed"]


def test_an_outage_of_many_loads_asks_for_few_tasks_and_leaves_the_rest_to_the_next_run(monkeypatch):
    from include.pipeline import process

    broken = {load_id: OSError("the lake is away") for load_id in range(2_000)}
    monkeypatch.setattr(process, "_each", lambda load_ids, feeds: ({}, broken))
    assert process.process_able() == list(range(50))
