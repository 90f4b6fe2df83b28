"""Evidence packs and those outside who vouch for them: a time-stamping authority, a store that locks objects."""

from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from include.core.errors import ConfigurationError
from include.evidence.offline import verify as offline
from include.lake.store import Lake
from include.pipeline import preserve
from tests.pipeline import evidence_world
from tests.unit.evidence.authority import Authority
from tests.unit.evidence.cases import EVENT_ID


@pytest.fixture
def world(warehouse):
    return evidence_world.build(warehouse)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A time-stamping authority that listens on loopback; `answers` can be changed."""
    made = Authority(tmp_path / "authority")

    class Handler(BaseHTTPRequestHandler):
        status, kind = 200, "application/timestamp-reply"

        def do_POST(self):
            reply = made.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(Handler.status)
            self.send_header("Content-Type", Handler.kind)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SUNLEDGER_TSA_URL", f"http://127.0.0.1:{server.server_port}/tsr")
    monkeypatch.setenv("SUNLEDGER_TSA_CA_FILE", str(made.ca))
    yield made, Handler
    server.shutdown()
    server.server_close()


def test_a_time_token_comes_with_the_pack_and_a_silent_authority_makes_it_wait(world, authority):
    made, handler = authority
    handler.status = 503
    assert preserve.preserve_all()["pending"] == 1 and "503" in world.pack()["last_error"]
    handler.status, handler.kind = 200, "text/html"
    assert "text/html" in preserve.preserve_all()["messages"][0]
    handler.kind = "application/timestamp-reply"
    assert preserve.preserve_all()["complete"] == 1
    assert abs(world.pack()["timestamped_at"] - datetime.now(UTC)) < timedelta(minutes=10)
    members = offline.unzip(Lake().read(world.pack()["lake_key"]))
    assert made.holds(members["manifest.json"], members["manifest.tsr"])
    found = preserve.verify(EVENT_ID, actor="test")
    assert {c["check"]: c["holds"] for c in found["checks"]}["time token"] is True and found["is_intact"]


def locked_lake(s3_lake: str, monkeypatch) -> Lake:
    bucket = f"{s3_lake.split('/')[2]}-locked"
    lake = Lake(f"s3://{bucket}/prefix")
    lake.fs.call_s3("create_bucket", Bucket=bucket, ObjectLockEnabledForBucket=True)
    monkeypatch.setenv("LAKE_URL", f"s3://{bucket}/prefix")
    return lake


def test_a_store_with_object_lock_keeps_the_pack_from_everybody(world, s3_lake, monkeypatch):
    lake = locked_lake(s3_lake, monkeypatch)
    monkeypatch.setenv("SUNLEDGER_EVIDENCE_LOCK_DAYS", "3650")
    assert preserve.preserve_all() == {"complete": 1, "pending": 0, "messages": []}
    place = {"Bucket": lake.root.split("/")[0], "Key": f"prefix/{world.pack()['lake_key']}"}
    head = lake.fs.call_s3("head_object", **place)
    assert head["ObjectLockMode"] == "COMPLIANCE" and head["ObjectLockRetainUntilDate"].year >= 2036
    with pytest.raises(PermissionError):
        lake.fs.call_s3("delete_object", **place, VersionId=head["VersionId"])
    assert preserve.verify(EVENT_ID, actor="test")["is_intact"]


def test_a_store_that_cannot_lock_is_told_apart_from_one_that_is_away(world, s3_lake, monkeypatch):
    monkeypatch.setenv("LAKE_URL", s3_lake)
    monkeypatch.setenv("SUNLEDGER_EVIDENCE_LOCK_DAYS", "10")
    assert ConfigurationError.code in preserve.preserve_all()["messages"][0]
    monkeypatch.delenv("SUNLEDGER_EVIDENCE_LOCK_DAYS")
    assert preserve.preserve_all()["complete"] == 1
