"""Entries of who did what and why."""

from typing import Any

from psycopg.types.json import Jsonb

from include.warehouse.database import Connection


def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str = "",
    organization_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Append one entry in the running transaction, so that deed and entry commit together."""
    connection.execute(
        """
        insert into ops.audit_entry (organization_id, actor, action, subject, reason, details)
        values (%s, %s, %s, %s, %s, %s)
        """,
        [organization_id, actor, action, subject, reason, Jsonb(details or {})],
    )
