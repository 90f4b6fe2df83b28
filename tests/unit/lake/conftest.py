"""Every test of the lake runs on a folder and on a real S3 protocol server."""

import itertools
import json

import pytest

_buckets = itertools.count(1)


@pytest.fixture(scope="session")
def s3_endpoint():
    """A moto server on a free loopback port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "s3"])
def lake(request, tmp_path, monkeypatch):
    """An empty lake."""
    from include.lake.store import Lake

    if request.param == "file":
        return Lake(f"file://{tmp_path / 'lake'}")
    endpoint = request.getfixturevalue("s3_endpoint")
    connection = {
        "conn_type": "aws",
        "login": "test",
        "password": "test",
        "extra": {"endpoint_url": endpoint, "region_name": "us-east-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(connection))
    bucket = f"lake-{next(_buckets)}"
    lake = Lake(f"s3://{bucket}/prefix")
    lake.fs.call_s3("create_bucket", Bucket=bucket)
    return lake
