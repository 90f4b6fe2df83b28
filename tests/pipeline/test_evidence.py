"""Evidence packs from the warehouse to the lake: complete only when stored, refused when wrong, looked at again."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest

from include.core.errors import EvidenceRefused, IllegalState, LakeUnavailable
from include.evidence.offline import verify as offline
from include.lake.store import Lake
from include.pipeline import evidence_views, preserve
from include.security.signing import Signer, public_base64
from tests.pipeline import evidence_world
from tests.unit.evidence.cases import EVENT_ID, START

OTHER_ID = UUID(int=77)
NOON = START + timedelta(days=2, hours=12)


@pytest.fixture
def world(warehouse):
    return evidence_world.build(warehouse)


def stored(world, event_id: UUID = EVENT_ID) -> bytes:
    return Lake().read(world.pack(event_id)["lake_key"])


def overwrite(world, body: bytes, event_id: UUID = EVENT_ID) -> None:
    lake = Lake()
    with lake.fs.open(f"{lake.root}/{world.pack(event_id)['lake_key']}", "wb") as stream:
        stream.write(body)


def readings_in(body: bytes) -> list[dict]:
    return [json.loads(line) for line in offline.unzip(body)["readings.jsonl"].splitlines()]


def test_a_pack_is_complete_once_it_is_stored_and_the_event_says_so(world):
    assert preserve.preserve_all() == {"complete": 1, "pending": 0, "messages": []}
    pack, event = world.pack(), world.event()
    body = stored(world)
    assert (pack["status"], pack["is_intact"], pack["pack_sha256"]) == ("complete", True, offline.sha256(body))
    assert pack["lake_key"].startswith(f"archive/evidence/1/3-availability/{EVENT_ID}/")
    evidence = event["evidence"]
    assert evidence["data_hash"] == pack["data_hash"] == evidence["hash"]["value"]
    assert evidence["snapshot_s3_path"].endswith(pack["lake_key"]) and event["evidence_archived_at"]
    assert evidence["inputs"]["readings_by_quality"] == {"measured": 119, "missing": 1}
    assert evidence["inputs"]["source_files"] == [{"ingestion_id": 41, "sha256": "c" * 64}]
    assert {sample["why"] for sample in evidence["sample_readings"]} == {"first", "last", "worst"}
    assert evidence["breach_period"] == evidence_world.EVIDENCE["breach_period"]
    members = offline.unzip(body)
    actions = [json.loads(line)["action"] for line in members["audit.jsonl"].splitlines()]
    assert actions == ["land", "publish", "detect event"]
    assert json.loads(members["lineage.json"])["loads"][0]["sha256"] == "c" * 64
    assert preserve.preserve_all() == {"complete": 0, "pending": 0, "messages": []}


def test_a_pack_is_built_the_same_again(world):
    preserve.preserve_all()
    first = stored(world)
    world.connection.execute("update ops.evidence_pack set status = 'archive_pending'")
    world.connection.execute("alter table canonical.default_event disable trigger all")
    preserve.preserve(EVENT_ID)
    assert stored(world) == first


def test_after_readings_and_database_are_gone_the_pack_still_proves_its_numbers(world, tmp_path):
    preserve.preserve_all()
    world.connection.execute("drop table canonical.meter_reading_2026_06")
    assert preserve.verify(EVENT_ID, actor="test")["is_intact"]
    pack = tmp_path / "pack.zip"
    pack.write_bytes(stored(world))
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "elsewhere")
    key = public_base64(Signer.from_environment().public_key_text)
    told = subprocess.run(
        [sys.executable, "verify.py", str(pack), "--key", key],
        cwd=tmp_path / "elsewhere", env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout
    assert "calculation" in told.stdout and "recomputed, agrees" in told.stdout


def test_while_the_lake_is_away_a_pack_stays_pending(world, monkeypatch, tmp_path):
    (tmp_path / "no_folder").write_text("a file where the lake should be")
    with monkeypatch.context() as away:
        away.setenv("LAKE_URL", f"file://{tmp_path}/no_folder")
        assert preserve.preserve_all()["pending"] == 1
    assert (world.pack()["status"], world.event()["evidence"]["data_hash"]) == ("archive_pending", None)
    assert LakeUnavailable.code in world.pack()["last_error"]
    with pytest.raises(IllegalState, match="not stored yet"):
        evidence_views.export(EVENT_ID, actor="test")
    assert preserve.preserve_all()["complete"] == 1
    assert world.pack()["last_error"] is None


def test_late_data_do_not_change_what_the_event_was_about(world):
    world.correct_a_reading(NOON, 80_000)
    preserve.preserve_all()
    found = {row["timestamp"]: row["energy_wh"] for row in readings_in(stored(world))}
    assert found["2026-06-03T12:00:00Z"] == "0"
    assert preserve.verify(EVENT_ID, actor="test")["is_intact"]


def test_days_that_later_data_changed_are_summed_as_they_were(world):
    world.correct_a_reading(NOON, 80_000)
    world.connection.execute(
        "update canonical.obligation_day set produced_hours = 0, publication_id = %s where day_on = '2026-06-03'",
        [evidence_world.PUBLICATION + 1],
    )
    assert preserve.preserve_all()["complete"] == 1


def test_what_was_applied_while_the_numbers_were_computed_is_no_part_of_them(world):
    """The publication had read the plant's events when somebody took one back and said another."""
    event = world.event()
    world.connection.execute(
        "update ops.publication set opened_at = %s where publication_id = %s",
        [event["detected_at"] - timedelta(minutes=5), evidence_world.PUBLICATION],
    )
    world.connection.execute("update core.plant_event set applied_at = applied_at - interval '1 hour'")
    for minutes, change in ((4, {"is_withdrawn": True}), (2, {"ends_at": NOON + timedelta(days=9)})):
        world.connection.execute("update core.plant_event set is_current = false")
        known = world.rows("select * from core.plant_event order by version desc limit 1")[0]
        newer = {"plant_event_id": known["plant_event_id"] + 1, "version": known["version"] + 1, "is_current": True}
        applied_at = event["detected_at"] - timedelta(minutes=minutes)
        world.insert("core.plant_event", [{**known, **newer, "applied_at": applied_at, **change}])
    assert preserve.preserve_all() == {"complete": 1, "pending": 0, "messages": []}
    (excuse,) = json.loads(offline.unzip(stored(world))["excused_events.json"])["events"]
    assert excuse["version"] == 1


def test_what_does_not_come_to_the_events_numbers_is_not_archived(world):
    world.connection.execute("update core.plant_event set is_withdrawn = true")
    outcome = preserve.preserve_all()
    assert outcome["pending"] == 1 and EvidenceRefused.code in outcome["messages"][0]
    assert "excused_hours" in world.pack()["last_error"]
    assert not list(Lake().list("archive"))
    assert world.event()["evidence_archived_at"] is None
    world.connection.execute("update ops.evidence_pack set created_at = now() - interval '2 days'")
    with pytest.raises(EvidenceRefused, match="longer than a day"):
        preserve.raise_for_stuck()


def test_damage_to_a_stored_pack_is_found_and_named(world):
    world.another_event(OTHER_ID, "other")
    assert preserve.preserve_all()["complete"] == 2
    good, other = stored(world), stored(world, OTHER_ID)
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    for damage, said in ((bytes(flipped), "stored object"), (good[:-100], "stored object"), (other, "stored object")):
        overwrite(world, damage)
        found = preserve.verify(EVENT_ID, actor="test")
        assert not found["is_intact"] and said in {c["check"] for c in found["checks"] if c["holds"] is False}
        with pytest.raises(EvidenceRefused, match="was changed"):
            evidence_views.export(EVENT_ID, actor="test")
    # the last one was a whole pack, of another event
    assert "own event" in {c["check"] for c in found["checks"] if c["holds"] is False}
    Lake().fs.rm_file(f"{Lake().root}/{world.pack()['lake_key']}")
    outcome = preserve.verify_all()
    assert outcome == {"verified": 2, "failed": [str(EVENT_ID)]}
    assert "missing" in json.dumps(world.pack()["verification"]) and world.pack()["is_intact"] is False
    with pytest.raises(EvidenceRefused, match="1 of 2"):
        preserve.raise_for_failures(outcome)


def test_a_pack_is_looked_at_once_a_week(world):
    preserve.preserve_all()
    assert preserve.verify_all(preserve.WEEK) == {"verified": 0, "failed": []}
    world.connection.execute("update ops.evidence_pack set verified_at = now() - interval '7 days'")
    assert preserve.verify_all(preserve.WEEK) == {"verified": 1, "failed": []}


def test_a_pack_that_another_worker_builds_is_left_to_it(world):
    from include.warehouse import evidence
    from include.warehouse.database import connect

    with connect() as connection:
        evidence.begin(connection, evidence.event(connection, EVENT_ID), 0)
    with connect() as connection:
        assert evidence.claim(connection, EVENT_ID)
        assert preserve.preserve(EVENT_ID) is False
    assert preserve.preserve(EVENT_ID) is True


def test_who_had_a_pack_in_hand_is_told_and_audited(world):
    preserve.preserve_all()
    page = evidence_views.page(EVENT_ID, "html", actor="user:wynne")
    assert b"Intact: signature" in page and b"Power for the works" in page
    assert evidence_views.page(EVENT_ID, "pdf", actor="user:wynne").startswith(b"%PDF")
    name, out = evidence_views.export(EVENT_ID, actor="key:7")
    assert name == f"evidence_{EVENT_ID}.zip"
    custody = json.loads(offline.unzip(out)["export_info.json"])["custody"]
    assert [(entry["action"], entry["actor_kind"]) for entry in custody] == [
        ("archive evidence", "service"), ("view evidence", "person"), ("view evidence", "person"),
        ("export evidence", "client"),
    ]  # fmt: skip
    assert b"wynne" not in offline.unzip(out)["export_info.json"]
    world.connection.execute("update ops.evidence_pack set is_intact = false")
    assert b"NOT INTACT" in evidence_views.page(EVENT_ID, "html", actor="user:wynne")
    broken = bytearray(stored(world))
    broken[-30_000] ^= 1
    overwrite(world, bytes(broken))
    assert b"NOT INTACT: the stored bytes" in evidence_views.page(EVENT_ID, "html", actor="user:wynne")


def test_commands_list_build_verify_show_and_export(world, tmp_path):
    from typer.testing import CliRunner

    from include.cli.app import app

    def run(*arguments: str):
        return CliRunner().invoke(app, ["evidence", *arguments], catch_exceptions=False)

    listed = json.loads(run("list", "--json").stdout)
    assert [(row["contract"], row["pack_status"]) for row in listed] == [("PPA-1", "archive_pending")]
    assert run("build").exit_code == 0
    assert json.loads(run("list", "--json", "--status", "complete").stdout)[0]["is_intact"] is True
    assert "recomputed, agrees" in run("verify", str(EVENT_ID)).stdout and run("verify").exit_code == 0
    assert run("show", str(EVENT_ID), "--html", str(tmp_path / "page.html")).exit_code == 0
    assert b"Promise broken" in (tmp_path / "page.html").read_bytes()
    assert run("export", str(EVENT_ID), "--to", str(tmp_path)).exit_code == 0
    exported = (tmp_path / f"evidence_{EVENT_ID}.zip").read_bytes()
    assert zipfile.ZipFile(BytesIO(exported)).testzip() is None
    key = offline.public_key(Signer.from_environment().public_key_text)
    assert all(holds is not False for _, holds, _ in offline.verify(offline.unzip(exported), key))
    overwrite(world, b"gone")
    assert run("verify", str(EVENT_ID)).exit_code == 1 and run("verify").exit_code == 1
