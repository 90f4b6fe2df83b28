"""Events of plants and tests of meters, in versions, and the contracts that they concern."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from include.warehouse.contracts import insert
from include.warehouse.database import Connection

# what identifies a row among its versions
KEYS = {"plant_event": ("external_event_id",), "meter_test": ("meter_id", "tested_at")}


def current_events(connection: Connection, organization_id: int, external_ids: Sequence[str]) -> dict[str, dict]:
    """The newest version of some events, by their ids."""
    rows = connection.execute(
        "select * from core.plant_event where organization_id = %s and external_event_id = any(%s) and is_current",
        [organization_id, list(external_ids)],
    ).fetchall()
    return {row["external_event_id"]: row for row in rows}


def current_tests(connection: Connection, organization_id: int, meter_ids: Sequence[int]) -> dict[tuple, dict]:
    """The newest version of every test of some meters, by meter and instant."""
    rows = connection.execute(
        "select * from core.meter_test where organization_id = %s and meter_id = any(%s) and is_current",
        [organization_id, list(meter_ids)],
    ).fetchall()
    return {(row["meter_id"], row["tested_at"]): row for row in rows}


def put(connection: Connection, table: str, values: dict[str, Any], version: int) -> None:
    """Add a version of an event or a test; the one before it is not current any more."""
    if version > 1:
        condition = sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in KEYS[table]
        )
        connection.execute(
            sql.SQL(
                "update {} set is_current = false where organization_id = %(organization_id)s and is_current and {}"
            ).format(sql.Identifier("core", table), condition),
            values,
        )
    insert(connection, table, values | {"version": version}, f"{table}_id")


def assessed_contracts(connection: Connection, organization_id: int, project_ids: Sequence[int]) -> list[dict]:
    """The contracts of some plants that have terms, with the meters they ever looked at.

    meters: objects of meter_id, role and lookback; lookback is the rule for meter errors.
    """
    return connection.execute(
        """
        select
            c.contract_id, c.external_contract_id, c.project_id, c.ends_on, min(v.assess_from_on) as assess_from_on,
            (
                select coalesce(jsonb_agg(distinct jsonb_build_object(
                    'meter_id', m.meter_id, 'role', m.role, 'lookback', o.meter_error_lookback
                )), '[]')
                from core.obligation as o
                inner join core.obligation_meter as m on o.obligation_id = m.obligation_id
                where o.contract_id = c.contract_id
            ) as meters
        from core.contract as c
        inner join core.contract_version as v on c.contract_id = v.contract_id
        where c.organization_id = %s and c.project_id = any(%s)
        group by c.contract_id
        order by c.contract_id
        """,
        [organization_id, list(project_ids)],
    ).fetchall()
