"""Connections to the warehouse: psycopg for books and queries, ADBC for bulk copies.

Services connect as roles that own nothing; a superuser or a role that bypasses row-level security is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import dict_row

from include.core import settings
from include.core.errors import UnsafeRole

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

CONNECT_TIMEOUT_S = 10

Connection = psycopg.Connection[dict]


@contextmanager
def connect(role: str = "loader") -> Iterator[Connection]:
    """Open a connection as a service role, in one transaction that commits when the block ends well."""
    with psycopg.connect(
        settings.warehouse_url(role),
        row_factory=dict_row,
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=f"sunledger {role}",
    ) as connection:
        _refuse_unsafe_role(connection)
        yield connection


@contextmanager
def bulk(role: str = "loader") -> Iterator["adbc.Connection"]:
    """Open an ADBC connection whose copies and statements share one transaction, committed by the caller."""
    import adbc_driver_postgresql.dbapi as adbc

    connection = adbc.connect(settings.warehouse_url(role), autocommit=False)
    try:
        yield connection
    finally:
        connection.close()


def set_tenant(connection: Connection, organization_id: int) -> None:
    """Bind the running transaction to one organization; it ends with the transaction."""
    connection.execute("select set_config('sunledger.organization_id', %s, true)", [str(organization_id)])


def _refuse_unsafe_role(connection: Connection) -> None:
    row = connection.execute(
        "select rolname, rolsuper or rolbypassrls as is_unsafe from pg_roles where rolname = current_user"
    ).fetchone()
    if row is None or row["is_unsafe"]:
        raise UnsafeRole(
            f"the role {row['rolname'] if row else '?'} may bypass row-level security",
            remedy="connect as sunledger_loader, sunledger_transformer, sunledger_api or sunledger_reader",
        )
