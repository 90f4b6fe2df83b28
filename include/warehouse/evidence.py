"""The books of evidence packs: which events need one, what became of each, and what the event itself says of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from include.core.errors import IllegalState, NotFound
from include.warehouse.database import Connection

NO_EVENT = "there is no such event"


def pending(connection: Connection) -> list[dict[str, Any]]:
    """Events without a complete pack, whatever their state, oldest first."""
    return connection.execute(
        """
        select e.organization_id, e.default_event_id
        from canonical.default_event as e
        left join ops.evidence_pack as p using (organization_id, default_event_id)
        where p.status is distinct from 'complete'
        order by e.detected_at, e.contract_id, e.obligation_code, e.period_start_on, e.revision
        """
    ).fetchall()


def complete(connection: Connection, older_than: timedelta) -> list[dict[str, Any]]:
    """The complete packs whose last verification is so long ago, the longest ago first."""
    return connection.execute(
        """
        select * from ops.evidence_pack
        where status = 'complete' and (verified_at is null or verified_at <= now() - %s)
        order by verified_at nulls first, archived_at, default_event_id
        """,
        [older_than],
    ).fetchall()


def stuck(connection: Connection, longer_than: timedelta) -> list[dict[str, Any]]:
    """Packs that wait for so long already, the oldest first."""
    return connection.execute(
        """
        select * from ops.evidence_pack where status = 'archive_pending' and created_at <= now() - %s
        order by created_at, default_event_id
        """,
        [longer_than],
    ).fetchall()


def event(connection: Connection, default_event_id: UUID | str) -> dict[str, Any]:
    """One event by its id."""
    return _found(
        connection.execute(
            "select * from canonical.default_event where default_event_id = %s", [default_event_id]
        ).fetchone()
    )


def begin(connection: Connection, event: dict[str, Any], audit_seq: int) -> dict[str, Any]:
    """The row of an event's pack; the first try fixes its time and how far its audit entries go, for all later ones."""
    connection.execute(
        """
        insert into ops.evidence_pack (organization_id, default_event_id, built_at, audit_seq)
        values (%s, %s, date_trunc('second', now()), %s)
        on conflict (organization_id, default_event_id) do nothing
        """,
        [event["organization_id"], event["default_event_id"], audit_seq],
    )
    return pack(connection, event["default_event_id"])


def maybe_pack(connection: Connection, default_event_id: UUID | str) -> dict[str, Any] | None:
    """The row of an event's pack; None while nothing was tried."""
    return connection.execute(
        "select * from ops.evidence_pack where default_event_id = %s", [default_event_id]
    ).fetchone()


def pack(connection: Connection, default_event_id: UUID | str) -> dict[str, Any]:
    """The row of an event's pack; raises IllegalState while nothing was tried, NotFound without such an event."""
    event(connection, default_event_id)
    row = maybe_pack(connection, default_event_id)
    if row is None:
        raise IllegalState("the pack of this event is not stored yet", remedy="the next run builds it")
    return row


def claim(connection: Connection, default_event_id: UUID | str) -> dict[str, Any] | None:
    """Take a pending pack until the transaction ends; None when it is complete or somebody else has it."""
    return connection.execute(
        """
        select * from ops.evidence_pack where default_event_id = %s and status = 'archive_pending'
        for update skip locked
        """,
        [default_event_id],
    ).fetchone()


def stored_pack(connection: Connection, default_event_id: UUID | str) -> dict[str, Any]:
    """The row of a complete pack; raises NotFound where there is none yet."""
    row = pack(connection, default_event_id)
    if row["status"] != "complete":
        raise IllegalState(
            "the pack of this event is not stored yet", remedy=row["last_error"] or "the next run builds it"
        )
    return row


def postpone(connection: Connection, row: dict[str, Any], message: str) -> None:
    """Keep a pack pending and say why."""
    connection.execute(
        """
        update ops.evidence_pack set last_error = %s
        where organization_id = %s and default_event_id = %s and status = 'archive_pending'
        """,
        [message[:2000], row["organization_id"], row["default_event_id"]],
    )


def archived(connection: Connection, row: dict[str, Any], stored: dict[str, Any], added: dict[str, Any]) -> bool:
    """Complete a pack that was stored and read back, and add to the event's own words of it; False if it was complete.

    `stored` names the columns of `ops.evidence_pack` from `lake_key` to `timestamped_at`.
    """
    completed = connection.execute(
        """
        update ops.evidence_pack
        set status = 'complete', lake_key = %(lake_key)s, pack_sha256 = %(pack_sha256)s,
            manifest_sha256 = %(manifest_sha256)s, data_hash = %(data_hash)s, merkle_root = %(merkle_root)s,
            signing_key_id = %(signing_key_id)s, timestamped_at = %(timestamped_at)s, size_bytes = %(size_bytes)s,
            verification = %(verification)s, archived_at = now(), verified_at = now(), is_intact = true,
            last_error = null
        where organization_id = %(organization_id)s and default_event_id = %(default_event_id)s
            and status = 'archive_pending'
        """,
        {**row, **stored, "verification": Jsonb(stored["verification"])},
    )
    if completed.rowcount != 1:
        return False
    connection.execute(
        """
        update canonical.default_event
        set
            evidence = evidence || %(added)s || jsonb_build_object(
                'inputs', coalesce(nullif(evidence -> 'inputs', 'null'), '{}') || %(inputs)s
            ),
            evidence_archived_at = now()
        where organization_id = %(organization_id)s and default_event_id = %(default_event_id)s
        """,
        {**row, "added": Jsonb(added), "inputs": Jsonb(added["inputs"])},
    )
    return True


def verified(connection: Connection, row: dict[str, Any], is_intact: bool, checks: list[dict[str, Any]]) -> None:
    """Keep what a verification found."""
    connection.execute(
        """
        update ops.evidence_pack set verified_at = now(), is_intact = %s, verification = %s
        where organization_id = %s and default_event_id = %s
        """,
        [is_intact, Jsonb(checks), row["organization_id"], row["default_event_id"]],
    )


def listing(
    connection: Connection, *, organization_id: int | None = None, status: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Events and their packs, newest first, of one organization or state of the pack when asked."""
    return connection.execute(
        """
        select
            e.default_event_id, e.organization_id, c.external_contract_id as contract, e.obligation_code,
            e.period_start_on, e.period_end_on, e.revision, e.status as event_status, e.ld_payable, e.currency_code,
            coalesce(p.status, 'archive_pending') as pack_status, p.is_intact, p.verified_at, p.archived_at,
            p.timestamped_at, p.signing_key_id, p.size_bytes, p.data_hash, p.last_error
        from canonical.default_event as e
        inner join core.contract as c on e.contract_id = c.contract_id
        left join ops.evidence_pack as p
            on e.organization_id = p.organization_id and e.default_event_id = p.default_event_id
        where (%(organization_id)s::bigint is null or e.organization_id = %(organization_id)s)
            and (%(status)s::text is null or coalesce(p.status, 'archive_pending') = %(status)s)
        order by e.detected_at desc, e.default_event_id
        limit %(limit)s
        """,
        {"organization_id": organization_id, "status": status, "limit": limit},
    ).fetchall()


def named(connection: Connection, event: dict[str, Any]) -> dict[str, Any]:
    """Names for people, which no pack holds: organization, plant and contract."""
    return connection.execute(
        """
        select o.name as organization, p.name as plant, c.name as contract, c.external_contract_id
        from core.contract as c
        inner join core.project as p on c.project_id = p.project_id
        inner join core.organization as o on c.organization_id = o.organization_id
        where c.contract_id = %s
        """,
        [event["contract_id"]],
    ).fetchone()


def _found(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise NotFound(NO_EVENT, remedy="`sunledger evidence list` shows the known ones")
    return row
