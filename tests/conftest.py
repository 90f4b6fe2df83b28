"""Shared fixtures: one throw-away PostgreSQL a session, migrated once, a fresh copy of it for each test that writes."""

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql

PASSWORD = "canary-Zq7-service"  # searched for in logs and artifacts
WAREHOUSE, TEMPLATE = "sunledger", "sunledger_template"
ROLES = ("loader", "transformer", "api", "reader")
_numbers = itertools.count(1)

# a busy machine must not fail a test
hypothesis_settings.register_profile("sunledger", deadline=None, derandomize=True)
hypothesis_settings.load_profile("sunledger")

_airflow_home = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Give each process that runs tests a home for Airflow of its own, because Airflow writes there on import."""
    home = config.stash[_airflow_home] = Path(tempfile.mkdtemp(prefix="sunledger-test-airflow-"))
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__COSMOS__ENABLE_TELEMETRY="False",
        AIRFLOW__COSMOS__CACHE_DIR=str(home / "cosmos"),
        GX_ANALYTICS_ENABLED="False",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home of Airflow."""
    shutil.rmtree(config.stash[_airflow_home], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the folders with the longest tests first, so that no processor waits for the last one."""
    slow_first = ("integration", "dags", "api", "pipeline", "connect", "security", "dbt")
    places = {name: place for place, name in enumerate(slow_first)}
    items.sort(key=lambda item: places.get(item.path.relative_to(item.config.rootpath / "tests").parts[0], len(places)))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: a fifth of the time a worker waits, for a server to start or a commit to land."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def cluster():
    """A throw-away PostgreSQL server."""
    from include.local import postgres

    with postgres.ephemeral() as server:
        yield server


@pytest.fixture(scope="session")
def template_folder(tmp_path_factory) -> Path:
    """Where the template was made: `dbt_target/rendered` holds the manifest that Dags render from."""
    return tmp_path_factory.mktemp("template")


@pytest.fixture(scope="session")
def template(cluster, template_folder) -> str:
    """A migrated database with the staging views, to be copied by tests."""
    from include.pipeline import dbt
    from include.warehouse.migrate import migrate

    _execute(cluster.superuser_url, sql.SQL("create database {}").format(sql.Identifier(WAREHOUSE)))
    patch = pytest.MonkeyPatch()
    for role in ROLES:
        patch.setenv(f"SUNLEDGER_{role.upper()}_PASSWORD", PASSWORD)
    migrate(cluster.url(WAREHOUSE))
    _point_to(patch, cluster, template_folder)
    dbt.prepare()
    patch.undo()
    rename = sql.SQL("alter database {} rename to {}")
    _execute(cluster.superuser_url, rename.format(sql.Identifier(WAREHOUSE), sql.Identifier(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def warehouse(cluster, template, monkeypatch, tmp_path) -> Iterator[psycopg.Connection]:
    """A fresh warehouse and an empty lake for one test; yields a superuser connection to look with.

    It always has the same name, so that what dbt parsed for the first test serves all. To copy its files costs half of
    what it costs to log its pages.
    """
    database = sql.Identifier(WAREHOUSE)
    create = sql.SQL("create database {} template {} strategy file_copy").format(database, sql.Identifier(template))
    _execute(cluster.superuser_url, create)
    _point_to(monkeypatch, cluster, tmp_path)
    with psycopg.connect(cluster.url(WAREHOUSE), autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        yield connection
    _execute(cluster.superuser_url, sql.SQL("drop database {} with (force)").format(database))


@pytest.fixture(scope="session")
def s3_endpoint():
    """A server that speaks the S3 protocol, on a free loopback port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_lake(s3_endpoint, monkeypatch) -> str:
    """The URL of an empty lake in a bucket of its own."""
    from include.lake.store import Lake

    connection = {
        "conn_type": "aws",
        "login": "test",
        "password": "test",
        "extra": {"endpoint_url": s3_endpoint, "region_name": "us-east-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(connection))
    bucket = f"lake-{next(_numbers)}"
    url = f"s3://{bucket}/prefix"
    Lake(url).fs.call_s3("create_bucket", Bucket=bucket)
    return url


def _point_to(patch: pytest.MonkeyPatch, cluster, folder: Path) -> None:
    """Point every setting of the process at the warehouse and this folder."""
    for role in ROLES:
        patch.setenv(f"WAREHOUSE_{role.upper()}_URL", cluster.url(WAREHOUSE, f"sunledger_{role}", PASSWORD))
    patch.setenv("LAKE_URL", f"file://{folder / 'lake'}")
    patch.setenv("INBOX_DIR", str(folder / "inbox"))
    patch.setenv("SUNLEDGER_INBOX_SETTLE_SECONDS", "0")
    patch.setenv("DBT_TARGET_PATH", str(folder / "dbt_target"))
    patch.setenv("DBT_LOG_PATH", str(folder / "dbt_logs"))
    patch.setenv("SUNLEDGER_VAULT_KEYS", '{"k1": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}')
    patch.setenv("SUNLEDGER_SIGNING_KEY", "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=")


def _execute(url: str, statement: sql.Composable) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
