"""The examples for clients do what they say: run as they are, against a server."""

import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest
import requests

from include.local import ports
from tests import warm
from tests.api.conftest import readings
from tests.api.test_idempotency import VARIABLE, server

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def run(command, url, tenant, *arguments) -> subprocess.CompletedProcess:
    environment = {**os.environ, "SUNLEDGER_URL": url, "SUNLEDGER_KEY": tenant.key}
    return subprocess.run(
        [*command, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def python(url, tenant, path) -> subprocess.CompletedProcess:
    return run([sys.executable, str(EXAMPLES / "push_readings.py")], url, tenant, path)


def ndjson(path: Path, body: dict) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in body["readings"]))
    return path


def loaded(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def statuses(warehouse) -> list[str]:
    rows = warehouse.execute("select status from ops.ingestion_log order by load_id").fetchall()
    return [row["status"] for row in rows]


def test_the_python_example_prints_the_verdict_and_may_be_repeated(tenant, warehouse, tmp_path):
    good = ndjson(tmp_path / "good.ndjson", readings(8))
    bad = ndjson(tmp_path / "bad.ndjson", readings(24, r3={"energy_wh": "lots"}))
    with server() as (url, _):
        first, again = python(url, tenant, good), python(url, tenant, good)
        assert (first.returncode, first.stderr) == (0, "")
        assert "accepted, 8 of 8 rows accepted, 0 refused" in first.stdout
        assert again.stdout == first.stdout
        refused = python(url, tenant, bad)
    assert refused.returncode == 1
    assert "partial, 23 of 24 rows accepted, 1 refused" in refused.stdout
    assert "row 4: R201_NOT_NUMERIC" in refused.stdout and "'lots'" in refused.stdout
    assert statuses(warehouse) == ["accepted", "accepted"]


def test_the_python_example_goes_on_when_the_server_dies_under_it(tenant, warehouse, tmp_path):
    path, port = ndjson(tmp_path / "day.ndjson", readings(8)), ports.pick()
    command = ("-m", "tests.api.server", str(port))
    dying = warm.Program(*command, env={**os.environ, VARIABLE: "push_judged=kill"})
    started = []

    def replace():
        dying.wait()
        started.append(warm.Program(*command))

    threading.Thread(target=replace).start()
    try:
        done = python(f"http://127.0.0.1:{port}", tenant, path)
    finally:
        dying.kill()
        dying.wait()
        for process in started:
            process.kill()
            process.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed, waiting" in done.stderr and "accepted, 8 of 8 rows" in done.stdout
    assert [status for status in statuses(warehouse) if status != "duplicate"] == ["accepted"]


def test_the_python_example_tells_a_wrong_key_and_stops(tenant, warehouse, tmp_path):
    stranger = type(tenant)(tenant.organization_id, "sl_0123456789ab_wrong")
    with server() as (url, _):
        done = python(url, stranger, ndjson(tmp_path / "day.ndjson", readings(4)))
    assert done.returncode != 0 and "E603_UNKNOWN_CALLER" in done.stderr
    assert statuses(warehouse) == []


def test_the_python_example_called_wrongly_says_how():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUNLEDGER_")}
    command = [sys.executable, str(EXAMPLES / "push_readings.py"), "readings.ndjson"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "SUNLEDGER_KEY=" in done.stderr and "Traceback" not in done.stderr


def test_the_python_example_cuts_at_the_most_rows_of_a_push():
    from include.api.bodies import MOST_ROWS

    example = loaded(EXAMPLES / "push_readings.py")
    sizes = [len(chunk) for chunk in example.chunks({"n": n} for n in range(120_001))]
    assert sizes == [50_000, 50_000, 20_001] and example.MOST_ROWS == MOST_ROWS


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_the_curl_example_prints_the_verdict_and_its_status_tells_the_truth(tenant, warehouse, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(readings(4)))
    bad.write_text(json.dumps(readings(4, r1={"energy_wh": -5e6})))
    script = [str(EXAMPLES / "push.sh")]
    with server() as (url, _):
        first, again, refused = (run(script, url, tenant, path) for path in (good, good, bad))
    assert (first.returncode, first.stderr, again.stderr) == (0, "stored: 201\n", "stored: 201\n")
    assert json.loads(first.stdout)["rows_accepted"] == 4, "the verdict stands alone, for jq and other readers"
    assert json.loads(again.stdout)["load_id"] == json.loads(first.stdout)["load_id"]
    assert (refused.returncode, refused.stderr) == (1, "refused: 422\n")
    assert json.loads(refused.stdout)["errors"][0]["code"] == "R301_ENERGY_RANGE"
    assert run(script, url, tenant, good).returncode == 2, "the server is gone"
    assert tenant.key not in first.stdout + first.stderr


class Session:
    """A Snowpark session as far as the handler uses it, on SQLite."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        for name in ("to_json", "parse_json"):
            self.database.create_function(name, 1, lambda text: text)
        self.database.execute("create table sunledger_outbox (batch_id, row_number, reading)")
        self.database.execute("create table sunledger_verdict (batch_id, http_status, verdict)")

    def sql(self, query: str, params=()):
        return types.SimpleNamespace(collect=lambda: self.database.execute(query, params).fetchall())

    def fill(self, batch_id: str, body: dict) -> None:
        for number, row in enumerate(body["readings"]):
            self.sql("insert into sunledger_outbox values (?, ?, ?)", (batch_id, number, json.dumps(row))).collect()

    def left(self) -> list[str]:
        return [batch for (batch,) in self.sql("select distinct batch_id from sunledger_outbox").collect()]

    def verdicts(self) -> list[tuple]:
        rows = self.sql("select batch_id, http_status, verdict from sunledger_verdict").collect()
        return [(batch, status, json.loads(verdict)["status"]) for batch, status, verdict in rows]


@pytest.fixture
def handler(tenant, monkeypatch):
    secrets = types.ModuleType("_snowflake")
    secrets.get_generic_secret_string = {"sunledger_key": tenant.key}.__getitem__
    monkeypatch.setitem(sys.modules, "_snowflake", secrets)
    return loaded(EXAMPLES / "snowflake_push" / "handler.py")


def test_the_snowflake_handler_empties_its_outbox_and_keeps_the_verdicts(handler, warehouse, monkeypatch):
    session = Session()
    session.fill("b-0", readings(8))
    session.fill("b-1", readings(24, r3={"energy_wh": "lots"}))
    session.fill("b-2", readings(4, r1={"energy_wh": -5e6}))
    with server() as (url, _):
        monkeypatch.setattr(handler, "URL", url)
        assert handler.push(session) == "3 batches delivered"
        assert handler.push(session) == "0 batches delivered"
    assert session.left() == []
    assert session.verdicts() == [("b-0", 201, "accepted"), ("b-1", 207, "partial"), ("b-2", 422, "held")]


def test_the_snowflake_handler_keeps_a_batch_until_it_has_its_verdict(handler, warehouse, monkeypatch):
    session = Session()
    session.fill("b-0", readings(8))
    with server(**{VARIABLE: "push_judged=kill"}) as (url, _):
        monkeypatch.setattr(handler, "URL", url)
        with pytest.raises(requests.ConnectionError):
            handler.push(session)
    assert (session.left(), session.verdicts()) == (["b-0"], [])
    with server() as (url, _):
        monkeypatch.setattr(handler, "URL", url)
        monkeypatch.setitem(sys.modules["_snowflake"].__dict__, "get_generic_secret_string", lambda name: "sl_x_wrong")
        assert "0 of 1 batches delivered; then 401" in handler.push(session)
    assert session.left() == ["b-0"]


def test_the_sql_and_the_handler_speak_of_the_same_tables():
    sql = (EXAMPLES / "snowflake_push" / "push.sql").read_text()
    code = (EXAMPLES / "snowflake_push" / "handler.py").read_text()
    for name in (
        "sunledger_outbox",
        "sunledger_verdict",
        "batch_id",
        "row_number",
        "reading",
        "http_status",
        "verdict",
    ):
        assert name in sql and name in code, name
    assert "secrets = ('sunledger_key'" in sql and '"sunledger_key"' in code
