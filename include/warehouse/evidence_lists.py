"""Evidence as a tenant sees it. Row-level security decides what is there."""

from typing import Any
from uuid import UUID

from psycopg import sql

from include.core.errors import NotFound
from include.warehouse.database import Connection

_EVENT = """
    select
        e.default_event_id, c.external_contract_id as contract, e.contract_id, e.obligation_code, e.metric,
        e.period_start_on, e.period_end_on, e.revision, e.supersedes_event_id, e.status, e.severity, e.unit,
        e.guaranteed, e.counted, e.shortfall, e.ld_before_cap, e.ld_cap, e.ld_payable, e.currency_code,
        e.data_completeness_percent, e.detected_at, coalesce(p.status, 'archive_pending') as pack_status, p.last_error,
        p.data_hash, p.merkle_root, p.pack_sha256, p.manifest_sha256, p.signing_key_id, p.size_bytes, p.built_at,
        p.archived_at, p.timestamped_at, p.verified_at, p.is_intact, p.verification
    from canonical.default_event as e
    inner join core.contract as c on e.contract_id = c.contract_id
    left join ops.evidence_pack as p
        on e.organization_id = p.organization_id and e.default_event_id = p.default_event_id
"""


def events(connection: Connection, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """The tenant's events with the state of their packs, newest first, beyond the event `after` when given."""
    query = sql.SQL(
        """
        {events}
        where %(after)s::uuid is null or (e.detected_at, e.default_event_id) < (
            select f.detected_at, f.default_event_id from canonical.default_event as f
            where f.default_event_id = %(after)s
        )
        order by e.detected_at desc, e.default_event_id desc
        limit %(limit)s
        """
    ).format(events=sql.SQL(_EVENT))
    return connection.execute(query, {"after": after, "limit": limit}).fetchall()


def event(connection: Connection, default_event_id: UUID) -> dict[str, Any]:
    """An event of the tenant; another tenant's does not exist."""
    row = connection.execute(f"{_EVENT} where e.default_event_id = %s", [default_event_id]).fetchone()
    if row is None:
        raise NotFound("there is no such event", remedy="list the events of your organization")
    return row
