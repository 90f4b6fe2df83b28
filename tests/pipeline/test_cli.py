"""The command line as a script uses it: exit codes, JSON on standard output, errors on standard error."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.pipeline.files import csv

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sunledger(organization, tmp_path):
    """Call `bin/sunledger`; returns the finished process."""

    def call(*arguments: str) -> subprocess.CompletedProcess:
        command = [str(ROOT / "bin" / "sunledger"), *arguments]
        env = {**os.environ, "COLUMNS": "200"}
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=120, check=False)

    return call


def test_a_good_file_goes_all_the_way_and_a_bad_one_says_why(sunledger, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(csv([100] * 20 + [-90000]))
    bad.write_text("no,header\n1,2\n")
    done = sunledger("ingest", str(good), "--organization", "Test Energy", "--wait", "--json")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["status"], verdict["rows_clean"], verdict["rows_rejected"]) == (
        0,
        "published",
        20,
        1,
    )
    assert verdict["codes"]["R301_ENERGY_RANGE"]["rows"] == 1
    done = sunledger("ingest", str(bad), "--organization", "1", "--json")
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, "F007_HEADER")

    listed = json.loads(sunledger("loads", "list", "--json").stdout)
    assert [load["status"] for load in listed] == ["rejected", "published"]
    [refused] = json.loads(sunledger("quarantine", "list", "--json").stdout)
    assert refused["codes"] == ["R301_ENERGY_RANGE"] and refused["original"]["energy_wh"] == "-90000"
    export = tmp_path / "refused.csv"
    assert sunledger("quarantine", "export", "1", str(export)).returncode == 0
    assert "-90000" in export.read_text() and "'-90000" not in export.read_text()
    status = json.loads(sunledger("status", "--json").stdout)
    assert status["rows"] == {"in": 21, "clean": 20, "rejected": 1, "duplicate": 0} and status["readings"] == 20


def test_mistakes_end_with_one_line_and_a_code(sunledger, tmp_path):
    (tmp_path / "a.csv").write_text(csv([1, 2]))
    for arguments, code, words in [
        (("ingest", "a.csv", "--organization", "Nobody"), 2, "no organization 'Nobody'"),
        (("ingest", "missing.csv", "--organization", "1"), 2, "no file missing.csv"),
        (("ingest", "a.csv", "--organization", "1", "--source", "telepathy"), 1, "F005_UNKNOWN_SOURCE"),
        (("loads", "show", "4711"), 2, "no load 4711"),
        (("quarantine", "release", "4711", "--reason", "x"), 2, "no load 4711"),
    ]:
        done = sunledger(*arguments)
        assert done.returncode == code, done
        assert words in done.stderr and "Traceback" not in done.stderr


def test_a_database_that_is_away_is_said_in_one_line_and_may_be_tried_again(sunledger, monkeypatch):
    monkeypatch.setenv("WAREHOUSE_LOADER_URL", "postgresql://loader:x@127.0.0.1:1/warehouse")
    done = sunledger("audit", "verify")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("E106_WAREHOUSE_UNAVAILABLE: ") and done.stderr.count("\n") == 1


def test_help_names_every_command(sunledger):
    text = sunledger("--help").stdout
    for command in ("ingest", "loads", "quarantine", "publish", "status", "migrate", "dsn", "sites"):
        assert command in text
