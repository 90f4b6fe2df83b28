"""What a tenant changes of its accounts and sites: every statement names the organization beside the id.

An id of another organization, and one that is nobody's, are answered alike; references are held by keys that hold
the organization too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from include.core.errors import Conflict, NotFound, ReferenceRefused
from include.warehouse import audit, registry, tenant_lists
from include.warehouse.database import Connection


def add_site(
    connection: Connection, organization_id: int, credential_id: int, values: dict[str, Any], *, actor: str
) -> dict[str, Any]:
    """Register a site of an account; returns its id, its vendor and the vendor's id of it."""
    credential = connection.execute(
        "select source_system from ops.integration_credential where organization_id = %s and credential_id = %s",
        [organization_id, credential_id],
    ).fetchone()
    if credential is None:
        raise tenant_lists.no_credential()
    values = {"organization_id": organization_id, "credential_id": credential_id, **credential, **values}
    statement = sql.SQL(
        "insert into ops.integration_site ({columns}) values ({values}) "
        "on conflict (organization_id, source_system, external_site_id) do nothing "
        "returning integration_site_id as site_id, source_system, external_site_id, project_id"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, values)),
        values=sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    with _known_references():
        site = connection.execute(statement, list(values.values())).fetchone()
    if site is None:
        raise Conflict("this site is registered already", remedy="change the registered one")
    _note_site(connection, organization_id, site["site_id"], "site_added", actor, values)
    return site


def change_site(
    connection: Connection, organization_id: int, site_id: int, changes: dict[str, Any], *, actor: str
) -> dict[str, Any]:
    """Change columns of a site; returns what `add_site` does."""
    columns = changes or {"integration_site_id": site_id}
    if changes.get("is_active"):
        columns = {**changes, "consecutive_gone": 0}
    statement = sql.SQL(
        "update ops.integration_site set {assignments} where organization_id = %s and integration_site_id = %s "
        "returning integration_site_id as site_id, source_system, external_site_id, project_id"
    ).format(assignments=_assignments(columns))
    with _known_references():
        site = connection.execute(statement, [*columns.values(), organization_id, site_id]).fetchone()
    if site is None:
        raise tenant_lists.no_site()
    if changes:
        _note_site(connection, organization_id, site_id, "site_changed", actor, changes)
    return site


def map_device(
    connection: Connection,
    organization_id: int,
    site: dict[str, Any],
    external_device_id: str,
    meter: int | dict[str, Any],
    *,
    actor: str,
) -> None:
    """Let a device of a site feed a meter of its project: one by id, or a new one with these columns."""
    meter_id = meter if isinstance(meter, int) else _add_meter(connection, organization_id, site["project_id"], meter)
    known = connection.execute(
        "select project_id from core.meter where organization_id = %s and meter_id = %s", [organization_id, meter_id]
    ).fetchone()
    if known is None:
        raise NotFound("there is no such meter", remedy="list the projects of your organization with their meters")
    if site["project_id"] not in {None, known["project_id"]}:
        raise Conflict("the meter is one of another project", remedy="name a meter of the site's project")
    values = {
        "organization_id": organization_id,
        "meter_id": meter_id,
        "source_system": site["source_system"],
        "external_site_id": site["external_site_id"],
        "external_device_id": external_device_id,
    }
    registry.put_device(connection, values)
    details = {"external_device_id": external_device_id, "meter_id": meter_id}
    _note_site(connection, organization_id, site["site_id"], "device_mapped", actor, details)


def change_credential(
    connection: Connection, organization_id: int, credential_id: int, changes: dict[str, Any], *, actor: str
) -> None:
    """Change the label or the limits of an account."""
    statement = sql.SQL(
        "update ops.integration_credential set {assignments} where organization_id = %s and credential_id = %s "
        "returning credential_id"
    ).format(assignments=_assignments(changes))
    try:
        found = connection.execute(statement, [*changes.values(), organization_id, credential_id]).fetchone()
    except psycopg.errors.UniqueViolation:
        raise label_taken() from None
    if found is None:
        raise tenant_lists.no_credential()
    _note_credential(connection, organization_id, credential_id, "credential_changed", actor, changes)


def delete_credential(connection: Connection, organization_id: int, credential_id: int, *, actor: str) -> None:
    """Forget an account that no site uses, with its secret."""
    try:
        found = connection.execute(
            "delete from ops.integration_credential where organization_id = %s and credential_id = %s "
            "returning source_system, label",
            [organization_id, credential_id],
        ).fetchone()
    except psycopg.errors.ForeignKeyViolation:
        raise Conflict("sites are read with this account", remedy="disable it instead") from None
    if found is None:
        raise tenant_lists.no_credential()
    _note_credential(connection, organization_id, credential_id, "credential_deleted", actor, found)


def label_taken() -> Conflict:
    """The error of a label that another account of the vendor has."""
    return Conflict("an account of this label exists", remedy="change that one, or choose another label")


def _add_meter(connection: Connection, organization_id: int, project_id: int | None, values: dict[str, Any]) -> int:
    if project_id is None:
        raise Conflict("a new meter needs the site's project", remedy="name the project_id of the site")
    row = connection.execute(
        """
        insert into core.meter (organization_id, project_id, name, meter_type, rated_power_w)
        values (%(organization_id)s, %(project_id)s, %(name)s, %(meter_type)s, %(rated_power_w)s)
        on conflict (organization_id, project_id, name) do nothing
        returning meter_id
        """,
        {"organization_id": organization_id, "project_id": project_id, **values},
    ).fetchone()
    if row is None:
        raise Conflict(f"the project has a meter {values['name']!r}", remedy="name its meter_id")
    return row["meter_id"]


@contextmanager
def _known_references() -> Iterator[None]:
    """A foreign id and an unknown one fail alike, by the same key."""
    try:
        yield
    except psycopg.errors.ForeignKeyViolation:
        raise NotFound("there is no such project", remedy="list the projects of your organization") from None
    except (psycopg.errors.CheckViolation, psycopg.DataError) as error:
        raise ReferenceRefused("a value cannot be stored", place=error.diag.constraint_name or "") from None


def _assignments(columns: dict[str, Any]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in columns)


def _note_site(
    connection: Connection, organization_id: int, site_id: int, action: str, actor: str, details: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=f"site {site_id}",
        organization_id=organization_id,
        details=details,
    )


def _note_credential(
    connection: Connection, organization_id: int, credential_id: int, action: str, actor: str, details: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=f"credential {credential_id}",
        organization_id=organization_id,
        details=details,
    )
