"""Reference data: what names refer to, and rows put so that putting them again changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from include.core.errors import ReferenceRefused
from include.warehouse.database import Connection

LOOKUPS = {
    "project": "select project_id as id from core.project where organization_id = %(organization_id)s "
    "and %(text)s in (external_project_id, name) order by external_project_id = %(text)s desc nulls last",
    "contract": "select contract_id as id from core.contract where organization_id = %(organization_id)s "
    "and external_contract_id = %(text)s",
    "contract_line": "select contract_line_id as id from core.contract_line "
    "where organization_id = %(organization_id)s and external_line_id = %(text)s",
    # a line's meter stands in the plant of its contract
    "meter": "select meter_id as id from core.meter where organization_id = %(organization_id)s "
    "and %(text)s in (external_meter_id, serial_number, name) and (%(contract_id)s::bigint is null "
    "or project_id = (select project_id from core.contract where contract_id = %(contract_id)s)) "
    "order by external_meter_id = %(text)s desc nulls last, serial_number = %(text)s desc nulls last",
    "currency": "select currency_code as id from core.currency where currency_code = %(text)s",
}


def find(
    connection: Connection, what: str, organization_id: int, text: str, *, contract_id: int | None = None
) -> int | str | None:
    """The id of what a text names within an organization; null when there is nothing of that name.

    Raises `ReferenceRefused` where a text may mean several meters.
    """
    about = {"organization_id": organization_id, "text": text, "contract_id": contract_id}
    rows = connection.execute(LOOKUPS[what], about).fetchmany(2)
    if len(rows) == 2 and what == "meter":
        raise ReferenceRefused(f"several meters are called {text!r}", remedy="use the meter's serial number")
    return rows[0]["id"] if rows else None


def operating_year(connection: Connection, project_id: int, on: date) -> int | None:
    """The operating year of a day, 1 from the plant's commercial operation date on; null when that is not known."""
    row = connection.execute(
        "select 1 + extract(year from age(%(on)s::date, cod_date))::integer as year from core.project "
        "where project_id = %(project_id)s and cod_date <= %(on)s",
        {"project_id": project_id, "on": on},
    ).fetchone()
    return row["year"] if row else None


def overlapping_period(connection: Connection, values: dict[str, Any]) -> str | None:
    """The name of another period of the same calendar and organization that has days in common."""
    row = connection.execute(
        """
        select name from core.billing_period
        where organization_id = %(organization_id)s and calendar = %(calendar)s
            and start_on <= %(end_on)s and end_on >= %(start_on)s and end_on <> %(end_on)s
        order by start_on limit 1
        """,
        values,
    ).fetchone()
    return row["name"] if row else None


def put(connection: Connection, table: str, key: Sequence[str], values: dict[str, Any], *, is_stamped: bool) -> str:
    """Insert a row, or change the one with that key; returns `inserted`, `updated` or `unchanged`."""
    changing = [name for name in values if name not in key]
    present = sql.SQL(", ").join(sql.Identifier("present", name) for name in changing)
    fresh = sql.SQL(", ").join(sql.Identifier("excluded", name) for name in changing)
    assignments = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changing]
    stamp = [sql.SQL("updated_at = now()")] if is_stamped else []
    update = sql.SQL("update set {assignments} where ({present}) is distinct from ({fresh})").format(
        assignments=sql.SQL(", ").join([*assignments, *stamp]), present=present, fresh=fresh
    )
    statement = sql.SQL(
        "insert into {table} as present ({columns}) values ({values}) on conflict ({key}) do {action} "
        "returning xmax = 0 as is_new"
    ).format(
        table=sql.Identifier("core", table),
        columns=sql.SQL(", ").join(map(sql.Identifier, values)),
        values=sql.SQL(", ").join(sql.Placeholder() * len(values)),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        action=update if changing else sql.SQL("nothing"),
    )
    with refusals(connection):
        row = connection.execute(statement, _adapted(values)).fetchone()
    if row is None:
        return "unchanged"
    return "inserted" if row["is_new"] else "updated"


def put_version(connection: Connection, values: dict[str, Any]) -> str:
    """Put a tariff: a change becomes a new version, what was said before stays."""
    present = connection.execute(
        "select * from core.tariff where organization_id = %s and tariff_group_key = %s "
        "and valid_from_on is not distinct from %s and is_current for update",
        [values["organization_id"], values["tariff_group_key"], values.get("valid_from_on")],
    ).fetchone()
    if present and all(present[name] == value for name, value in values.items()):
        return "unchanged"
    if present:
        connection.execute("update core.tariff set is_current = false where tariff_id = %s", [present["tariff_id"]])
        kept = {name: present[name] for name in ("contract_id", "valid_to_on", "unit", "logic_parameters")}
        lineage = {"version": present["version"] + 1, "supersedes_tariff_id": present["tariff_id"]}
        values = kept | values | lineage
    statement = sql.SQL("insert into core.tariff ({columns}) values ({values})").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, values)),
        values=sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    with refusals(connection):
        connection.execute(statement, _adapted(values))
    return "new version" if present else "inserted"


@contextmanager
def refusals(connection: Connection) -> Iterator[None]:
    """A part of the transaction that fails by itself, with the database's reason in words."""
    try:
        with connection.transaction():
            yield
    except psycopg.errors.UniqueViolation as error:
        raise ReferenceRefused(
            "belongs to another row already",
            place=_telling_column(connection, error.diag.constraint_name),
            remedy="name it once, or correct that row",
        ) from None
    except psycopg.errors.NumericValueOutOfRange:
        raise ReferenceRefused("a number is too large", remedy="check the numbers of the row") from None
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        rule = error.diag.constraint_name or error.diag.column_name or error.diag.message_primary or str(error)
        raise ReferenceRefused(
            f"contradicts itself or what is stored ({rule})", remedy="check the row against what was loaded before"
        ) from None


def _telling_column(connection: Connection, key: str | None) -> str:
    """The last column of a unique key, which tells rows apart; the error itself does not name it under row security."""
    row = connection.execute(
        """
        select a.attname as name from pg_index as i
        inner join pg_class as c on i.indexrelid = c.oid
        inner join pg_attribute as a on i.indrelid = a.attrelid and a.attnum = i.indkey[i.indnkeyatts - 1]
        where c.relname = %s and c.relnamespace = 'core'::regnamespace
        """,
        [key],
    ).fetchone()
    return row["name"] if row else ""


def _adapted(values: dict[str, Any]) -> list[Any]:
    return [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
