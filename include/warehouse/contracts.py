"""Contracts and their terms in versions: what is known of them, and new versions beside the old ones."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from include.warehouse.database import Connection

# the first of two numbers of an advisory lock; the second is the organization
_TERMS_LOCK = 7019


def lock(connection: Connection, organization_id: int) -> None:
    """Let one application of terms at a time change an organization, until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(%s, %s)", [_TERMS_LOCK, organization_id % 2**31])


def find(connection: Connection, organization_id: int, external_contract_id: str) -> dict[str, Any] | None:
    """A contract by its number, with its plant's name."""
    return connection.execute(
        """
        select c.*, p.name as project
        from core.contract as c
        inner join core.project as p on c.project_id = p.project_id
        where c.organization_id = %s and c.external_contract_id = %s
        """,
        [organization_id, external_contract_id],
    ).fetchone()


def plant(connection: Connection, organization_id: int, project_id: int) -> dict[str, Any]:
    """A plant with its zone, place, capacities and meters."""
    found = connection.execute(
        """
        select
            project_id, name, time_zone, latitude, longitude, installed_dc_capacity_kwp, installed_ac_capacity_kw,
            cod_date
        from core.project where organization_id = %s and project_id = %s
        """,
        [organization_id, project_id],
    ).fetchone()
    meters = connection.execute(
        """
        select meter_id, name, meter_type, serial_number, external_meter_id, rated_power_w
        from core.meter where organization_id = %s and project_id = %s order by meter_id
        """,
        [organization_id, project_id],
    ).fetchall()
    return {**found, "meters": meters}


def versions(connection: Connection, organization_id: int, contract_id: int) -> list[dict[str, Any]]:
    """Every version of a contract's terms, the oldest first."""
    return connection.execute(
        """
        select
            contract_version_id, version, effective_on, assess_from_on, terms, terms_sha256, reason, applied_by,
            applied_at
        from core.contract_version where organization_id = %s and contract_id = %s order by version
        """,
        [organization_id, contract_id],
    ).fetchall()


def newest_obligations(connection: Connection, organization_id: int, contract_id: int) -> list[dict[str, Any]]:
    """The newest row of every promise that a contract ever made, gone ones too."""
    return connection.execute(
        """
        select distinct on (obligation_code) * from core.obligation
        where organization_id = %s and contract_id = %s order by obligation_code, version desc
        """,
        [organization_id, contract_id],
    ).fetchall()


def has_irradiance(connection: Connection, organization_id: int, meter_ids: Sequence[int]) -> bool | None:
    """Whether readings of these meters carry irradiance; null while there are no readings at all."""
    row = connection.execute(
        """
        select
            exists(
                select from canonical.meter_reading
                where organization_id = %(organization)s and meter_id = any(%(meters)s)
            ) as has_readings,
            exists(
                select from canonical.meter_reading
                where organization_id = %(organization)s and meter_id = any(%(meters)s) and irradiance_wm2 is not null
            ) as has_irradiance
        """,
        {"organization": organization_id, "meters": list(meter_ids)},
    ).fetchone()
    return row["has_irradiance"] if row["has_readings"] else None


def known_currencies(connection: Connection, codes: Iterable[str]) -> set[str]:
    """Those of some currency codes that exist."""
    rows = connection.execute("select currency_code from core.currency where currency_code = any(%s)", [list(codes)])
    return {row["currency_code"] for row in rows.fetchall()}


def add_version(connection: Connection, values: dict[str, Any]) -> int:
    """Add a version of a contract's terms and return its id."""
    return insert(connection, "contract_version", values, "contract_version_id")


def add_obligation(
    connection: Connection,
    values: dict[str, Any],
    meters: Iterable[dict[str, Any]],
    years: Iterable[dict[str, Any]],
) -> int:
    """Add one version of a promise with its meters and the years it lists; returns its id."""
    obligation_id = insert(connection, "obligation", values, "obligation_id")
    own = {"organization_id": values["organization_id"], "obligation_id": obligation_id}
    for meter in meters:
        insert(connection, "obligation_meter", own | meter, "obligation_id")
    for year in years:
        insert(connection, "guarantee_year", own | year, "obligation_id")
    return obligation_id


def withdraw_obligation(connection: Connection, row: dict[str, Any], values: dict[str, Any]) -> int:
    """Add a version of a promise that says it is gone; all else stays as the row before it said."""
    kept = {name: value for name, value in row.items() if name not in {"obligation_id", "created_at"}}
    return insert(connection, "obligation", kept | values | {"is_active": False}, "obligation_id")


def insert(connection: Connection, table: str, values: dict[str, Any], returning: str) -> Any:
    """Insert one row into a table of `core` and return a column of it."""
    statement = sql.SQL("insert into {table} ({columns}) values ({values}) returning {returning} as id").format(
        table=sql.Identifier("core", table),
        columns=sql.SQL(", ").join(map(sql.Identifier, values)),
        values=sql.SQL(", ").join(sql.Placeholder() * len(values)),
        returning=sql.Identifier(returning),
    )
    adapted = [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
    return connection.execute(statement, adapted).fetchone()["id"]
