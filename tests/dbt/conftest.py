"""One migrated database and one parsed dbt project for all tests here; each test starts with empty tables."""

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import PASSWORD
from tests.dbt.world import World, _place

DATABASE = "sunledger_dbt"


@pytest.fixture(scope="session")
def dbt_database(cluster) -> str:
    """Superuser URL of a migrated database of its own."""
    from include.warehouse.migrate import migrate

    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")
    before = os.environ.get("SUNLEDGER_TRANSFORMER_PASSWORD")
    os.environ["SUNLEDGER_TRANSFORMER_PASSWORD"] = PASSWORD
    try:
        migrate(cluster.url(DATABASE))
    finally:
        os.environ.pop("SUNLEDGER_TRANSFORMER_PASSWORD")
        if before is not None:
            os.environ["SUNLEDGER_TRANSFORMER_PASSWORD"] = before
    return cluster.url(DATABASE)


@pytest.fixture(scope="session")
def dbt_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def dbt_environment(cluster, dbt_database, dbt_folder, monkeypatch) -> None:
    """What `profiles.yml` reads."""
    monkeypatch.setenv("WAREHOUSE_HOST", cluster.host)
    monkeypatch.setenv("WAREHOUSE_PORT", str(cluster.port))
    monkeypatch.setenv("WAREHOUSE_DATABASE", DATABASE)
    monkeypatch.setenv("WAREHOUSE_TRANSFORMER_PASSWORD", PASSWORD)
    monkeypatch.setenv("DBT_TARGET_PATH", str(dbt_folder / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(dbt_folder / "logs"))


@pytest.fixture(scope="session")
def manifests() -> dict:
    return {}


@pytest.fixture
def manifest(dbt_environment, manifests):
    """The project, parsed once; parsing treats every warning as an error."""
    from dbt.cli.main import dbtRunner

    from include.pipeline.dbt_thrift import be_thrifty

    be_thrifty()
    if "project" not in manifests:
        parsed = dbtRunner().invoke(["parse", *_place(), "--quiet", "--warn-error"])
        assert parsed.success, parsed.exception
        manifests["project"] = parsed.result
    return manifests["project"]


@pytest.fixture
def world(dbt_database, manifest, manifests) -> Iterator[World]:
    """An empty warehouse in which every model was built once."""
    from dbt.cli.main import dbtRunner

    with psycopg.connect(dbt_database, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        world = World(connection, dbtRunner(manifest=manifest))
        world.empty()
        if "built" not in manifests:
            world.build_everything()
            manifests["built"] = True
        yield world


@pytest.fixture
def meter(world) -> int:
    world.organization()
    return world.meter(world.project(1), "A")
