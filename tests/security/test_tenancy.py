"""One tenant against another, on every table with a tenant: nothing is seen, changed, removed or planted."""

from contextlib import contextmanager

import psycopg
import pytest

from tests.security.conftest import SERVICE_ROLES, TENANT_ROLES

ME, THEM = 1, 2
OPERATIONS = (
    ("select", "select from {table} where organization_id = {them}"),
    ("update", "update {table} set organization_id = organization_id where organization_id = {them}"),
    ("delete", "delete from {table} where organization_id = {them}"),
)
PLANTED = (
    ("insert", "insert into {table} (organization_id) values ({them})"),
    ("move", "update {table} set organization_id = {them} where organization_id = {me}"),
)


@pytest.fixture
def bare(tables, warehouse) -> list[str]:
    """Every tenant table with a row of two tenants, without constraints and triggers, and with all rights granted.

    So that nothing but the policies stands between the tenants; the database is thrown away afterwards.
    """
    names = [table["name"] for table in tables if not table["is_partition"]]
    for name in names:
        _strip(warehouse, name)
    for name in names:
        warehouse.execute(f"insert into {name} (organization_id) values ({ME}), ({THEM})")
        warehouse.execute(f"grant select, insert, update, delete on {name} to {', '.join(TENANT_ROLES)}")
    return names


def _strip(warehouse, name: str) -> None:
    warehouse.execute(f"alter table {name} disable trigger user")
    constraints = warehouse.execute(
        """
        select conname from pg_constraint
        where conrelid = %s::regclass and conparentid = 0 and contype not in ('n', 't')
        """,
        [name],
    ).fetchall()
    for constraint in constraints:
        warehouse.execute(f'alter table {name} drop constraint if exists "{constraint["conname"]}" cascade')
    columns = warehouse.execute(
        """
        select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and attnotnull
            and not attisdropped and attidentity = '' and attname <> 'organization_id'
        """,
        [name],
    ).fetchall()
    for column in columns:
        warehouse.execute(f'alter table {name} alter column "{column["attname"]}" drop not null')


@contextmanager
def acting(role: str, tenant: int | None):
    """A connection of a tenant's role, bound to the tenant; nothing that happens in it stays."""
    from include.warehouse.database import connect, set_tenant

    with connect(role.removeprefix("sunledger_")) as connection:
        if tenant is not None:
            set_tenant(connection, tenant)
        yield connection
        connection.rollback()


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_another_tenants_rows_are_neither_seen_nor_changed_nor_removed(bare, role):
    touched = {}
    with acting(role, ME) as connection:
        for table in bare:
            own = connection.execute(f"select from {table} where organization_id = {ME}").rowcount
            assert own == 1, f"{table}: a tenant sees its own row"
            for name, statement in OPERATIONS:
                touched[table, name] = connection.execute(statement.format(table=table, them=THEM)).rowcount
    assert {key: rows for key, rows in touched.items() if rows} == {}
    assert len(touched) == 3 * len(bare) > 60


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_no_row_can_be_planted_with_another_tenant(bare, role):
    let_in = []
    with acting(role, ME) as connection:
        for table in bare:
            for name, statement in PLANTED:
                try:
                    with connection.transaction():
                        connection.execute(statement.format(table=table, me=ME, them=THEM))
                    let_in.append((table, name))
                except psycopg.errors.InsufficientPrivilege as error:
                    assert "row-level security" in str(error)
    assert let_in == []


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_without_a_tenant_there_is_nothing_but_what_everybody_shares(bare, role):
    with acting(role, None) as connection:
        rows = {table: connection.execute(f"select organization_id from {table}").fetchall() for table in bare}
    shared = rows.pop("core.billing_period")
    assert shared and {row["organization_id"] for row in shared} == {None}
    assert {table: found for table, found in rows.items() if found} == {}


def test_a_partition_cannot_be_read_past_its_parent(bare, warehouse):
    warehouse.execute(f"""
        insert into canonical.meter_reading (organization_id, "timestamp")
        values ({ME}, '2019-05-10'), ({THEM}, '2019-05-10')
    """)
    with acting("sunledger_api", ME) as connection:
        parent = connection.execute("select from canonical.meter_reading where \"timestamp\" = '2019-05-10'")
        assert parent.rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from canonical.meter_reading_2019_05")
    warehouse.execute("grant select on canonical.meter_reading_2019_05 to sunledger_api")
    with acting("sunledger_api", ME) as connection:  # even so, its own row-level security stands
        assert connection.execute("select from canonical.meter_reading_2019_05").rowcount == 0


def test_the_owner_itself_cannot_pass_the_policies_of_a_tenant(bare, warehouse):
    with warehouse.transaction():
        warehouse.execute("drop policy service on core.project")
        warehouse.execute("set local role sunledger_owner")
        assert warehouse.execute("select from core.project").rowcount == 0


def test_a_pooled_connection_forgets_its_tenant(tenant, neighbour):
    from include.warehouse.database import connect, kept_open, set_tenant

    query = "select organization_id, pg_backend_pid() as pid from core.organization"
    with kept_open(("api",), 1):
        with connect("api") as connection:
            set_tenant(connection, tenant.organization_id)
            [first] = connection.execute(query).fetchall()
        with connect("api") as connection:
            assert connection.execute(query).fetchall() == []
            pid = connection.execute("select pg_backend_pid() as pid").fetchone()["pid"]
        assert first == {"organization_id": tenant.organization_id, "pid": pid}
        with pytest.raises(ZeroDivisionError), connect("api") as connection:
            set_tenant(connection, tenant.organization_id)
            raise ZeroDivisionError
        with connect("api") as connection:
            assert connection.execute(query).fetchall() == []
        with connect("api") as connection:
            set_tenant(connection, neighbour.organization_id)
            assert connection.execute(query).fetchall() == [{"organization_id": neighbour.organization_id, "pid": pid}]


@pytest.mark.parametrize("service", ["loader", "transformer", "api", "reader"])
def test_services_refuse_a_login_that_could_pass_the_policies(cluster, warehouse, monkeypatch, service):
    from include.core.errors import UnsafeRole
    from include.warehouse.database import bulk, connect, kept_open

    name, secret = f"mighty_{service}", "canary-Zq7-mighty"
    warehouse.execute(f"create role {name} login password '{secret}'")
    variable = f"WAREHOUSE_{service.upper()}_URL"
    mighty = [(cluster.url(warehouse.info.dbname), None)]
    login = cluster.url(warehouse.info.dbname, name, secret)
    mighty += [(login, "bypassrls"), (login, "member of the owner")]
    if service in {"api", "reader"}:
        mighty.append((login, "member of a service for all"))
    try:
        for url, how in mighty:
            monkeypatch.setenv(variable, url)
            _make_mighty(warehouse, name, how)
            for way in (lambda: connect(service), lambda: bulk(service), lambda: kept_open((service,), 1)):
                with pytest.raises(UnsafeRole), way():
                    pass
    finally:
        warehouse.execute(f"drop role {name}")


def _make_mighty(warehouse, name: str, how: str | None) -> None:
    warehouse.execute(f"alter role {name} nobypassrls")
    warehouse.execute(f"revoke sunledger_owner, {', '.join(SERVICE_ROLES)} from {name}")
    if how == "bypassrls":
        warehouse.execute(f"alter role {name} bypassrls")
    elif how == "member of the owner":
        warehouse.execute(f"grant sunledger_owner to {name}")
    elif how:
        warehouse.execute(f"grant sunledger_loader to {name}")


def test_a_reference_cannot_cross_from_one_tenant_to_another(tenant, neighbour, warehouse):
    """The service writes for both, so only the composite key keeps a load from correcting a foreign one."""
    columns = "organization_id, source_system, feed, content_key, sha256, size_bytes, lake_key, original_name"
    values = "'manual', 'file_reading', %s, %s, 0, 'k', 'n'"
    load = warehouse.execute(
        f"insert into ops.ingestion_log ({columns}) values (%s, {values}) returning load_id",
        [neighbour.organization_id, "a" * 64, "a" * 64],
    ).fetchone()["load_id"]
    attempt = f"insert into ops.ingestion_log ({columns}, corrects_load_id) values (%s, {values}, %s)"
    errors = []
    for corrected in (load, load + 1000):
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as raised:
            warehouse.execute(attempt, [tenant.organization_id, "b" * 64, "b" * 64, corrected])
        errors.append(raised.value.diag.constraint_name)
    assert errors[0] == errors[1]
