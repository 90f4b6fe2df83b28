"""Requests for consent that are under way: opened once, answered once, by the database's clock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from include.warehouse.database import Connection


def now(connection: Connection) -> datetime:
    """The database's present in whole seconds, which decides about expiry on every machine alike."""
    return connection.execute("select date_trunc('second', clock_timestamp()) as now").fetchone()["now"]


def store(connection: Connection, values: dict[str, Any]) -> None:
    """Open a request."""
    connection.execute(
        """
        insert into ops.oauth_state (
            jti, organization_id, user_name, source_system, label, redirect_uri, issuer_origin, encrypted_verifier,
            key_id, created_at, expires_at
        )
        values (
            %(jti)s, %(organization_id)s, %(user_name)s, %(source_system)s, %(label)s, %(redirect_uri)s,
            %(issuer_origin)s, %(encrypted_verifier)s, %(key_id)s, %(created_at)s, %(expires_at)s
        )
        """,
        values,
    )


def consume(
    connection: Connection, jti: UUID, *, organization_id: int, user_name: str, source_system: str
) -> dict[str, Any] | None:
    """Take the answer to a request: of two callers at once one gets the row, the other None."""
    return connection.execute(
        """
        update ops.oauth_state
        set consumed_at = clock_timestamp()
        where
            jti = %s and organization_id = %s and user_name = %s and source_system = %s
            and consumed_at is null and expires_at > clock_timestamp()
        returning *
        """,
        [jti, organization_id, user_name, source_system],
    ).fetchone()


def opened_within_a_minute(connection: Connection, user_name: str) -> int:
    """How many requests a user opened in the last minute."""
    return connection.execute(
        "select count(*) as n from ops.oauth_state "
        "where user_name = %s and created_at > clock_timestamp() - interval '1 minute'",
        [user_name],
    ).fetchone()["n"]


def forget_old(connection: Connection) -> None:
    """Delete requests that ended long ago; an answer to one of them is refused either way."""
    connection.execute("delete from ops.oauth_state where created_at < clock_timestamp() - interval '1 day'")
