"""Brings a database to the newest schema with Alembic and sets the passwords of the service roles."""

import os

from psycopg import sql
from sqlalchemy import create_engine

from include.core import settings

SERVICES = ("loader", "transformer", "api", "reader")


def migrate(admin_url: str) -> str:
    """Apply all open migrations to the database of `admin_url` and return the revision reached.

    The login needs the right to create roles and schemas. Service passwords are taken from
    `SUNLEDGER_<ROLE>_PASSWORD`; a role whose variable is unset keeps the password it has.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    config = Config()
    config.set_main_option("script_location", str(settings.PROJECT_ROOT / "migrations"))
    engine = create_engine(admin_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _set_passwords(connection.connection.driver_connection)
            return MigrationContext.configure(connection).get_current_revision() or ""
    finally:
        engine.dispose()


def _set_passwords(connection) -> None:
    for service in SERVICES:
        password = os.environ.get(f"SUNLEDGER_{service.upper()}_PASSWORD")
        if password:
            statement = sql.SQL("alter role {} password {}")
            connection.execute(statement.format(sql.Identifier(f"sunledger_{service}"), sql.Literal(password)))
    connection.commit()
