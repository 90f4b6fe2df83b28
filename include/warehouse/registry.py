"""Organizations, projects, meters, devices, accounts and vendor sites: registered by name, again without change."""

from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from include.core.errors import NotFound
from include.warehouse.database import Connection


def organization_id(connection: Connection, name_or_id: str) -> int:
    """The id of an organization named by id or by name."""
    row = connection.execute(
        "select organization_id from core.organization where name = %(text)s or organization_id::text = %(text)s "
        "order by name = %(text)s desc",
        {"text": name_or_id},
    ).fetchone()
    if row is None:
        raise NotFound(
            f"there is no organization {name_or_id!r}", remedy="`sunledger sites list` shows the registered ones"
        )
    return row["organization_id"]


def organization_name(connection: Connection, organization: int) -> str | None:
    """The name of an organization."""
    row = connection.execute("select name from core.organization where organization_id = %s", [organization]).fetchone()
    return row["name"] if row else None


def put_organization(connection: Connection, values: dict[str, Any]) -> int:
    """Register an organization by its name."""
    return _upsert(connection, "organization", values, ["name"], "organization_id")


def put_project(connection: Connection, values: dict[str, Any]) -> int:
    """Register a project by organization and name."""
    return _upsert(connection, "project", values, ["organization_id", "name"], "project_id")


def put_meter(connection: Connection, values: dict[str, Any]) -> int:
    """Register a meter by organization, project and name."""
    return _upsert(connection, "meter", values, ["organization_id", "project_id", "name"], "meter_id")


def put_device(connection: Connection, values: dict[str, Any]) -> int:
    """Map a vendor's or client's device to a meter."""
    key = ["organization_id", "source_system", "external_site_id", "external_device_id"]
    return _upsert(connection, "meter_device", values, key, "meter_device_id")


def put_integration_site(connection: Connection, values: dict[str, Any]) -> int:
    """Register a site of a vendor account."""
    key = ["organization_id", "source_system", "external_site_id"]
    return _upsert(connection, "integration_site", values, key, "integration_site_id", schema="ops")


def find_credential(connection: Connection, organization: int, source_system: str, label: str) -> dict | None:
    """The credential of that label, still encrypted."""
    return connection.execute(
        "select * from ops.integration_credential where organization_id = %s and source_system = %s and label = %s",
        [organization, source_system, label],
    ).fetchone()


def next_credential_id(connection: Connection) -> int:
    """Reserve an id first, because the encrypted record is bound to it."""
    return connection.execute(
        "select nextval(pg_get_serial_sequence('ops.integration_credential', 'credential_id')) as id"
    ).fetchone()["id"]


def put_credential(connection: Connection, values: dict[str, Any]) -> None:
    """Store an encrypted credential under its reserved id."""
    _upsert(connection, "integration_credential", values, ["credential_id"], "credential_id", schema="ops")


def tree(connection: Connection) -> list[dict[str, Any]]:
    """Every mapped device with its meter, project and organization."""
    return connection.execute(
        """
        select
            o.organization_id, o.name as organization, p.name as project, p.time_zone, m.meter_id, m.name as meter,
            d.source_system, d.external_site_id, d.external_device_id
        from core.organization as o
        left join core.project as p on o.organization_id = p.organization_id
        left join core.meter as m on p.project_id = m.project_id
        left join core.meter_device as d on m.meter_id = d.meter_id
        order by o.name, p.name, m.name, d.source_system, d.external_site_id, d.external_device_id
        """
    ).fetchall()


def _upsert(
    connection: Connection, table: str, values: dict[str, Any], key: list[str], id_column: str, schema: str = "core"
) -> int:
    """Insert a row or update the one with the same key and return its id."""
    columns = [sql.Identifier(name) for name in values]
    changing = [name for name in values if name not in key] or key[:1]
    assignments = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changing]
    statement = sql.SQL(
        "insert into {table} as present ({columns}) values ({values}) "
        "on conflict ({key}) do update set {assignments} returning {id_column} as id"
    ).format(
        table=sql.Identifier(schema, table),
        columns=sql.SQL(", ").join(columns),
        values=sql.SQL(", ").join(sql.Placeholder() * len(values)),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        assignments=sql.SQL(", ").join(assignments),
        id_column=sql.Identifier(id_column),
    )
    adapted = [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
    return connection.execute(statement, adapted).fetchone()["id"]
