"""The two databases on the server, the warehouse's and Airflow's, and who may enter them."""

import psycopg
from psycopg import sql

from include.local import airflow
from include.local.environment import DATABASE
from include.local.failures import StackFailed

OLDEST = 160000
CONNECT_TIMEOUT_S = 15


def prepare(admin_url: str, airflow_password: str) -> None:
    """Create both databases and Airflow's role unless they exist; the migration creates the others."""
    try:
        connection = psycopg.connect(admin_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as failure:
        raise StackFailed(
            f"PostgreSQL does not let us in: {failure}",
            remedy="check WAREHOUSE_URL; if .local/secrets.json was lost, run `make clean`",
        ) from failure
    with connection:
        if connection.info.server_version < OLDEST:
            raise StackFailed(f"PostgreSQL 16 or newer is needed, this is {connection.info.server_version / 10000:.1f}")
        _ensure_airflow_role(connection, airflow_password)
        _ensure_database(connection, airflow.DATABASE, owner=airflow.DATABASE)
        _ensure_database(connection, DATABASE)


def _ensure_airflow_role(connection: psycopg.Connection, password: str) -> None:
    role = sql.Identifier(airflow.DATABASE)
    known = connection.execute("select 1 from pg_roles where rolname = %s", [airflow.DATABASE]).fetchone()
    verb = sql.SQL("alter" if known else "create")
    connection.execute(sql.SQL("{} role {} login password {}").format(verb, role, sql.Literal(password)))
    is_superuser = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()[0]
    if not known and not is_superuser:
        # Only a member of a role may hand it a database.
        connection.execute(sql.SQL("grant {} to current_user").format(role))


def _ensure_database(connection: psycopg.Connection, name: str, owner: str | None = None) -> None:
    if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        return
    ownership = sql.SQL(" owner {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
    database = sql.Identifier(name)
    # A server that was set up without a locale would else make it SQL_ASCII, which no driver can read.
    create = sql.SQL("create database {} encoding 'UTF8' template template0").format(database)
    connection.execute(create + ownership)
    if owner:
        connection.execute(sql.SQL("revoke all on database {} from public").format(database))
