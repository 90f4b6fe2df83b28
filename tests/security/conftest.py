"""Fixtures of security tests: two organizations over a real warehouse, and the catalog's own list of what is theirs."""

import pytest

from tests.api.conftest import api, app, make_key, neighbour, tenant
from tests.pipeline.conftest import ingest, no_waiting, organization, portal, sites

__all__ = ["api", "app", "ingest", "make_key", "neighbour", "no_waiting", "organization", "portal", "sites", "tenant"]

TENANT_SCHEMAS = ("core", "ops", "quarantine", "canonical")
TENANT_ROLES = ("sunledger_api", "sunledger_reader")
SERVICE_ROLES = ("sunledger_loader", "sunledger_transformer")

TABLES = """
select c.oid::regclass::text as name, c.relispartition as is_partition, c.relrowsecurity as is_secured,
    c.relforcerowsecurity as is_forced, pg_get_userbyid(c.relowner) as owner
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'organization_id' and not a.attisdropped
where c.relnamespace::regnamespace::text = any(%s) and c.relkind in ('r', 'p')
order by 1
"""


@pytest.fixture
def tables(warehouse) -> list[dict]:
    """Every table and partition with a tenant, as the catalog knows them now, newly created partitions included."""
    from include.warehouse.database import connect

    with connect() as connection:
        connection.execute("select canonical.ensure_partitions('2019-05-01', '2019-06-30')")
    found = warehouse.execute(TABLES, [list(TENANT_SCHEMAS)]).fetchall()
    names = {table["name"] for table in found}
    assert {"core.project", "ops.ingestion_log", "canonical.meter_reading_2019_05"} <= names
    return found


@pytest.fixture
def published(warehouse) -> None:
    """A warehouse with the marts in place, as a first publication leaves them."""
    from include.pipeline import dbt

    dbt.run("run", "--select", "staging", "intermediate", "marts")
