"""Connections to the warehouse: psycopg, and ADBC where many rows are read as Arrow.

Services connect as roles that own nothing; a superuser or a role that bypasses row-level security is refused.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from include.core import settings
from include.core.errors import UnsafeRole

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

CONNECT_TIMEOUT_S = 10

# a login may do what the roles it belongs to may do: no service may act as the owner of the tables, and none that
# serves one tenant as a service that serves all; a superuser belongs to every role
_MIGHT_BYPASS = """
select current_user::text, rolname::text
from pg_catalog.pg_roles
where (rolsuper or rolbypassrls or rolname in ({})) and pg_catalog.pg_has_role(current_user, oid, 'member')
order by rolname <> current_user
limit 1
"""
_OWNER, _FOR_ALL = "'sunledger_owner'", "'sunledger_owner', 'sunledger_loader', 'sunledger_transformer'"
_BYPASSING = {"loader": _OWNER, "transformer": _OWNER, "api": _FOR_ALL, "reader": _FOR_ALL}

Connection = psycopg.Connection[dict]
_pools: dict[str, ConnectionPool] = {}
_kept = threading.local()  # `idle`: the connection of each role that waits for its next use, inside of `one_session`


def _forget_all() -> None:
    """Connections, and a pool's threads, belong to the process that opened them."""
    _pools.clear()
    _kept.__dict__.clear()


os.register_at_fork(after_in_child=_forget_all)


@contextmanager
def connect(role: str = "loader") -> Iterator[Connection]:
    """Open a connection as a service role, in one transaction that commits when the block ends well."""
    if role in _pools:
        with _pools[role].connection() as connection:
            yield connection
        return
    if (idle := getattr(_kept, "idle", None)) is not None:
        with _reused(role, idle) as connection:
            yield connection
        return
    with _opened(role) as connection:
        yield connection


@contextmanager
def one_session() -> Iterator[None]:
    """Let the transactions of this thread use one connection after another, not one each, while the block runs.

    To open a connection costs more than a small transaction. Inside of another transaction a new one is opened as ever.
    """
    if hasattr(_kept, "idle"):
        yield
        return
    _kept.idle = {}
    try:
        yield
    finally:
        for connection in _kept.__dict__.pop("idle", {}).values():
            connection.close()


@contextmanager
def _reused(role: str, idle: dict[str, Connection]) -> Iterator[Connection]:
    connection = idle.pop(role, None)
    if connection is None or not _answers(connection):
        connection = _opened(role)
        # a plan made for any load is a bad one for a large load, and a prepared one outlives no migration
        connection.prepare_threshold = None
    try:
        yield connection
        connection.commit()
    except BaseException:
        connection.close()  # the server rolls back, and nobody needs to know in which state it was
        raise
    if idle.setdefault(role, connection) is not connection:
        connection.close()


def _answers(connection: Connection) -> bool:
    """Whether the server has not dropped a connection while nobody used it."""
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        connection.close()
        return False
    return True


@contextmanager
def kept_open(roles: Sequence[str], most: int) -> Iterator[None]:
    """Keep up to `most` connections of each role open between uses: for servers, not for workers that fork."""
    for role in roles:
        _refuse_unsafe_login(role)
    for role in roles:
        _pools[role] = ConnectionPool(
            settings.warehouse_url(role),
            kwargs=_options(role),
            min_size=1,
            max_size=most,
            configure=partial(_configure, role=role),
            check=ConnectionPool.check_connection,
            timeout=CONNECT_TIMEOUT_S,
            name=role,
            open=True,
        )
    try:
        yield
    finally:
        for role in roles:
            _pools.pop(role).close()


def _opened(role: str) -> Connection:
    connection = psycopg.connect(settings.warehouse_url(role), **_options(role))
    try:
        _refuse_unsafe_role(connection, role)
    except BaseException:
        connection.close()
        raise
    return connection


def _options(role: str) -> dict[str, Any]:
    return {
        "row_factory": dict_row,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": f"sunledger {role}",
    }


def _configure(connection: Connection, role: str) -> None:
    _refuse_unsafe_role(connection, role)
    connection.commit()


@contextmanager
def bulk(role: str = "loader") -> Iterator["adbc.Connection"]:
    """Open an ADBC connection, which gives the rows of a query as Arrow batches.

    A database that is away raises psycopg's error, as everywhere else.
    """
    import adbc_driver_postgresql.dbapi as adbc

    try:
        with closing(adbc.connect(settings.warehouse_url(role), autocommit=False)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(_MIGHT_BYPASS.format(_BYPASSING[role]))
                _refuse(cursor.fetchone())
            yield connection
    except adbc.OperationalError as error:
        raise psycopg.OperationalError(str(error)) from error


def set_tenant(connection: Connection, organization_id: int) -> None:
    """Bind the running transaction to one organization; it ends with the transaction."""
    connection.execute("select set_config('sunledger.organization_id', %s, true)", [str(organization_id)])


def _refuse_unsafe_login(role: str) -> None:
    """Look at a login before a server starts with it; a database that is down is found out later."""
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(settings.warehouse_url(role), **_options(role)) as connection,
    ):
        _refuse_unsafe_role(connection, role)


def _refuse_unsafe_role(connection: Connection, role: str) -> None:
    row = connection.execute(_MIGHT_BYPASS.format(_BYPASSING[role])).fetchone()
    _refuse(tuple(row.values()) if row else None)


def _refuse(unsafe: Sequence[str] | None) -> None:
    if unsafe is not None:
        raise UnsafeRole(
            f"the role {unsafe[0]} may bypass row-level security, as {unsafe[1]} may",
            remedy="connect as sunledger_loader, sunledger_transformer, sunledger_api or sunledger_reader",
        )
