"""Dropped files: complete ones only, each version once, from the folder and from the lake."""

import time
from pathlib import Path

import pytest

from tests.pipeline.files import csv
from tests.pipeline.oracle import count


@pytest.fixture
def folder(organization):
    from include.core import settings

    path = settings.inbox_dir() / "manual" / str(organization)
    path.mkdir(parents=True)
    return path


def pick_up():
    from include.pipeline.inbox import pick_up
    from include.pipeline.process import process_all

    return process_all(pick_up())


def test_a_dropped_file_is_picked_up_once(folder, warehouse):
    (folder / "a.csv").write_text(csv([1, 2, 3]))
    assert pick_up() == {"accepted": 1}
    assert pick_up() == {}
    assert count(warehouse, "ops.inbox_object") == count(warehouse, "ops.ingestion_log") == 1


def test_a_file_that_is_still_being_written_waits(folder, monkeypatch):
    from include.pipeline import inbox

    monkeypatch.setenv("SUNLEDGER_INBOX_SETTLE_SECONDS", "3600")
    (folder / "a.csv").write_text(csv([1]))
    assert inbox.waiting() == []
    monkeypatch.setenv("SUNLEDGER_INBOX_SETTLE_SECONDS", "0")
    assert [dropped.name for dropped in inbox.waiting()] == ["a.csv"]


@pytest.mark.parametrize("name", [".a.csv", "a.csv.part", "a.csv.tmp", ".hidden/a.csv"])
def test_unfinished_and_hidden_names_are_left_alone(folder, name):
    from include.pipeline import inbox

    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(csv([1]))
    assert inbox.waiting() == []


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    from include.pipeline import inbox

    (tmp_path / "secret.csv").write_text(csv([1]))
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert inbox.waiting() == []


def test_new_content_under_the_same_name_is_a_correction_of_the_old(folder, warehouse):
    (folder / "a.csv").write_text(csv([1, 2]))
    pick_up()
    (folder / "b.csv").write_text(csv([1, 5]))
    (folder / "b.csv").rename(folder / "a.csv")
    pick_up()
    loads = warehouse.execute("select load_id, corrects_load_id from ops.ingestion_log order by 1").fetchall()
    assert [load["corrects_load_id"] for load in loads] == [None, loads[0]["load_id"]]


def test_a_file_replaced_while_it_is_read_waits_for_its_own_turn(folder, warehouse, monkeypatch):
    from include.pipeline import inbox

    (folder / "a.csv").write_text(csv([1]))
    [sensed] = inbox.waiting()
    (folder / "a.csv").write_text(csv([1, 2, 3]))
    monkeypatch.setattr(inbox, "waiting", lambda: [sensed])
    assert inbox.pick_up() == []
    assert count(warehouse, "ops.ingestion_log") == 0


def test_objects_in_the_lakes_inbox_are_picked_up_and_landed_ones_are_not(organization, warehouse):
    from include.lake.store import Lake

    key = f"raw/snowflake/{organization}/2026-11-20/export/part_0.csv"
    Lake().put_bytes(key, csv([7], site="S").encode())
    pick_up()
    assert pick_up() == {}
    load = warehouse.execute("select original_uri, lake_key, source_system from ops.ingestion_log").fetchone()
    assert load["original_uri"] == f"lake:{key}" and "/landed/" in load["lake_key"]
    assert load["source_system"] == "snowflake"


def test_odd_keys_and_unknown_organizations_stop_nobody(folder, organization, warehouse):
    from include.lake.store import Lake

    lake = Lake()
    for odd in ("raw/manual/x/2026-11-20/a.csv", "raw/manual/1/..%2e/a.csv", "raw/manual/1/2026-11-20/a\u202eb.csv"):
        path = Path(lake.root) / odd
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv([1]))
    stranger = folder.parent / "999"
    stranger.mkdir()
    (stranger / "a.csv").write_text(csv([1]))
    (folder / "good.csv").write_text(csv([1, 2]))
    assert pick_up() == {"accepted": 1}
    message = warehouse.execute("select message from ops.inbox_object where load_id is null").fetchone()["message"]
    assert "no organization 999" in message
    assert pick_up() == {}


def test_a_kill_between_landing_and_remembering_makes_no_second_load(folder, warehouse):
    from tests.pipeline.child import killed

    (folder / "a.csv").write_text(csv([1, 2, 3]))
    killed("from include.pipeline.inbox import pick_up; pick_up()", "inbox_landed")
    time.sleep(0.01)
    pick_up()
    assert count(warehouse, "raw.file_reading") == 3
    assert count(warehouse, "ops.ingestion_log", "duplicate_of is null") == 1
