"""The audit chain: entries of who did what and why, appended by the database, read for verification."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from include.core.audit_chain import NOTHING, statement_hash
from include.core.canonical_json import canonical
from include.core.controls import storable
from include.warehouse.database import Connection

NO_ORGANIZATION = 0
LARGEST_NUMBER = 2**53
CHUNK_ROWS = 2_000


def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str = "",
    organization_id: int | None = None,
    details: dict[str, Any] | None = None,
    input_hash: str = NOTHING,
) -> None:
    """Append one entry when the running transaction commits, so that deed and entry are there together or not at all.

    input_hash: SHA-256 of the bytes that were acted upon. The transaction has to be READ COMMITTED.
    """
    said = _exact({"actor": actor, "subject": subject, "reason": reason, "details": details or {}})
    connection.execute(
        """
        select ops.append_audit_entry(
            %(organization_id)s, %(actor)s, %(action)s, %(subject)s, %(reason)s, %(details)s, %(input_hash)s,
            %(output_hash)s
        )
        """,
        {
            **said,
            "details": Jsonb(said["details"]),
            "organization_id": organization_id or NO_ORGANIZATION,
            "action": action,
            "input_hash": input_hash,
            "output_hash": statement_hash(said),
        },
    )


def _exact(value: Any) -> Any:
    """A value as the database gives it back; raises ValueError for numbers that it would change."""
    if isinstance(value, Mapping):
        return {storable(str(name)): _exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < LARGEST_NUMBER:
        return value
    if isinstance(value, int | float):
        raise ValueError(f"{value} does not survive as a JSON number; give it as text")
    return json.loads(canonical(value))


def organizations(connection: Connection) -> list[int]:
    """Whose chains there are, 0 for the one of what belongs to no organization."""
    rows = connection.execute("select distinct organization_id from ops.audit_entry order by 1").fetchall()
    return [row["organization_id"] for row in rows]


def entries(connection: Connection, organization_id: int, after_seq: int = 0) -> Iterator[dict[str, Any]]:
    """The entries of a chain in its order, a chunk at a time."""
    with connection.cursor(name="audit") as cursor:
        cursor.itersize = CHUNK_ROWS
        cursor.execute(
            "select * from ops.audit_entry where organization_id = %s and seq > %s order by seq",
            [organization_id, after_seq],
        )
        yield from cursor


def heads(connection: Connection) -> list[dict[str, Any]]:
    """The newest entry of every chain: organization_id, seq, entry_hash, occurred_at."""
    return connection.execute(
        """
        select distinct on (organization_id) organization_id, seq, entry_hash, occurred_at
        from ops.audit_entry order by organization_id, seq desc
        """
    ).fetchall()


def listing(
    connection: Connection,
    *,
    organization_id: int | None = None,
    action: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The newest entries first, of one organization, action or subject when asked."""
    return connection.execute(
        """
        select organization_id, seq, occurred_at, actor, action, subject, reason, details, entry_hash
        from ops.audit_entry
        where (%(organization_id)s::bigint is null or organization_id = %(organization_id)s)
            and (%(action)s::text is null or action = %(action)s)
            and (%(subject)s::text is null or subject = %(subject)s)
            and (%(since)s::timestamptz is null or occurred_at >= %(since)s)
        order by occurred_at desc, organization_id, seq desc
        limit %(limit)s
        """,
        {"organization_id": organization_id, "action": action, "subject": subject, "since": since, "limit": limit},
    ).fetchall()
