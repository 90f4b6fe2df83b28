"""Outages behind the API: a named problem that says when to try again, nothing acknowledged, and later it works."""

import json
import os
from pathlib import Path

import pytest

from tests.api.conftest import readings


def push(api, tenant, body, key):
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, **tenant.headers}
    return api.post("/meter-data", content=json.dumps(body), headers=headers)


def assert_away(answer, code):
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["content-type"] == "application/problem+json" and int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def broken_lake(warehouse, request, monkeypatch, tmp_path):
    """Two functions: the lake breaks, the lake works again; once as a lost disk, once as an S3 that refuses."""
    if request.param == "file":
        root = tmp_path / "lake"
        aside = tmp_path / "lake-aside"
        root.mkdir()
        return lambda: (root.rename(aside), root.touch()), lambda: (root.unlink(), aside.rename(root))
    from moto.server import ThreadedMotoServer

    from include.lake.store import Lake

    def start(port: int) -> ThreadedMotoServer:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        server.start()
        request.addfinalizer(server.stop)
        return server

    server = start(0)
    host, port = server.get_host_and_port()
    extra = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    monkeypatch.setenv(
        "AIRFLOW_CONN_LAKE", json.dumps({"conn_type": "aws", "login": "test", "password": "test", "extra": extra})
    )
    monkeypatch.setenv("LAKE_URL", f"s3://{Path(tmp_path).name.replace('_', '-')}-lake/prefix")
    Lake().fs.call_s3("create_bucket", Bucket=Lake().root.partition("/")[0])
    return server.stop, lambda: start(port)


@pytest.mark.parametrize("broken_lake", ["file", "s3"], indirect=True)
def test_a_push_while_the_lake_is_away_is_not_acknowledged_and_works_later(
    broken_lake, api, tenant, warehouse, tmp_path
):
    go_away, come_back = broken_lake
    assert push(api, tenant, readings(4), "before").status_code == 201
    go_away()
    refused = push(api, tenant, readings(8), "during")
    assert_away(refused, "E105_LAKE_UNAVAILABLE")
    assert str(tmp_path) not in refused.text and "127.0.0.1" not in refused.text, "it tells where things are"
    if os.environ["LAKE_URL"].startswith("s3"):  # where a folder is gone, only writing finds out
        health = api.get("/health/full", headers=tenant.headers)
        assert (health.status_code, health.json()["lake"]["status"]) == (503, "failing")
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 1
    assert warehouse.execute("select count(*) as n from ops.idempotent_request").fetchone()["n"] == 1
    come_back()
    later = push(api, tenant, readings(8), "during")
    assert (later.status_code, later.json()["rows_accepted"]) == (201, 8)


def test_a_push_that_cannot_be_judged_now_is_judged_when_it_is_repeated(api, tenant, warehouse):
    """The warehouse has no room for rows: the delivery is durable, the answer is a problem, the repeat its verdict."""
    push(api, tenant, readings(8), "k0")
    warehouse.execute(
        "create function raw.is_full() returns trigger language plpgsql as "
        "$$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$"
    )
    warehouse.execute(
        "create trigger full_disk before insert on raw.file_reading for each row execute function raw.is_full()"
    )
    try:
        answer = push(api, tenant, readings(4), "k1")
    finally:
        warehouse.execute("drop function raw.is_full() cascade")
    landed = warehouse.execute("select status from ops.ingestion_log order by load_id").fetchall()
    assert [load["status"] for load in landed] == ["accepted", "landed"]
    assert_away(answer, "E616_WAREHOUSE_AWAY")
    assert "extend" not in answer.json()["detail"]
    again = push(api, tenant, readings(4), "k1")
    assert (again.status_code, again.json()["rows_accepted"]) == (201, 4)
    assert warehouse.execute("select count(*) as n from raw.file_reading").fetchone()["n"] == 8 + 4
