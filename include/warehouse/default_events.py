"""Default events: what was said of broken promises, and the one thing of them that moves: their state."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from include.core.errors import NotFound
from include.warehouse.database import Connection

_LISTED = """
    select
        e.default_event_id, e.organization_id, c.external_contract_id as contract, e.contract_id, e.obligation_code,
        e.metric, e.period_type, e.period_start_on, e.period_end_on, e.revision, e.supersedes_event_id, e.status,
        e.severity, e.unit, e.guaranteed, e.actual, e.counted, e.shortfall, e.data_completeness_percent,
        e.ld_before_cap, e.ld_cap, e.ld_payable, e.ld_change, e.currency_code, e.payment_amount,
        e.payment_currency_code, e.detected_at, e.notified_on, e.cure_until_on, e.cure_ends_at
    from canonical.default_event as e
    inner join core.contract as c on e.contract_id = c.contract_id
"""
_ASKED = """
    where (%(organization_id)s::bigint is null or e.organization_id = %(organization_id)s)
        and (%(contract)s::text is null or c.external_contract_id = %(contract)s)
        and (%(obligation_code)s::text is null or e.obligation_code = %(obligation_code)s)
        and (e.status = %(status)s::text or (%(status)s::text is null and (%(all)s or e.status <> 'superseded')))
        and (%(from_on)s::date is null or e.period_end_on >= %(from_on)s)
        and (%(to_on)s::date is null or e.period_start_on <= %(to_on)s)
        and (%(after)s::uuid is null or (e.detected_at, e.default_event_id) < (
            select f.detected_at, f.default_event_id from canonical.default_event as f
            where f.default_event_id = %(after)s
        ))
    order by e.detected_at desc, e.default_event_id desc
    limit %(limit)s
"""


def listing(
    connection: Connection,
    *,
    organization_id: int | None = None,
    contract: str | None = None,
    obligation_code: str | None = None,
    status: str | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    with_superseded: bool = False,
    after: UUID | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Events, newest first, beyond the event `after`; superseded ones only when asked for.

    from_on, to_on: only of periods that have a day in between, both days part of it.
    """
    query = sql.SQL(_LISTED + _ASKED)
    values = {
        "organization_id": organization_id,
        "contract": contract,
        "obligation_code": obligation_code,
        "status": status,
        "all": with_superseded,
        "from_on": from_on,
        "to_on": to_on,
        "after": after,
        "limit": limit,
    }
    return connection.execute(query, values).fetchall()


def one(connection: Connection, default_event_id: UUID, organization_id: int | None = None) -> dict[str, Any]:
    """An event with its calculation and the revisions of its period; another organization's does not exist."""
    row = connection.execute(
        """
        select
            e.*, c.external_contract_id as contract,
            (
                select jsonb_agg(jsonb_build_object(
                    'default_event_id', r.default_event_id, 'revision', r.revision, 'status', r.status,
                    'ld_payable', r.ld_payable::text, 'detected_at', r.detected_at
                ) order by r.revision)
                from canonical.default_event as r
                where (r.organization_id, r.contract_id, r.obligation_code, r.period_start_on, r.period_end_on)
                    = (e.organization_id, e.contract_id, e.obligation_code, e.period_start_on, e.period_end_on)
            ) as revisions
        from canonical.default_event as e
        inner join core.contract as c on e.contract_id = c.contract_id
        where e.default_event_id = %(id)s
            and (%(organization_id)s::bigint is null or e.organization_id = %(organization_id)s)
        """,
        {"id": default_event_id, "organization_id": organization_id},
    ).fetchone()
    return _found(row)


def take(connection: Connection, default_event_id: UUID, organization_id: int | None = None) -> dict[str, Any]:
    """Lock an event until the transaction ends; returns it with what its terms say of notice and cure."""
    row = connection.execute(
        """
        select
            e.default_event_id, e.organization_id, e.obligation_code, e.revision, e.status, e.period_end_on,
            e.time_zone, e.notified_on, e.cure_until_on, e.cure_ends_at, o.notice_days, o.cure_days, o.day_count,
            p.country, timezone(e.time_zone, now())::date as today_on
        from canonical.default_event as e
        inner join core.obligation as o on e.obligation_id = o.obligation_id
        inner join core.project as p on e.project_id = p.project_id
        where e.default_event_id = %(id)s
            and (%(organization_id)s::bigint is null or e.organization_id = %(organization_id)s)
        for update of e
        """,
        {"id": default_event_id, "organization_id": organization_id},
    ).fetchone()
    return _found(row)


def may_follow(connection: Connection, old_status: str, new_status: str) -> bool:
    """Whether the life of an event lets one state follow another."""
    return connection.execute("select canonical.may_follow(%s, %s) as may", [old_status, new_status]).fetchone()["may"]


def move(connection: Connection, default_event_id: UUID, status: str) -> None:
    """Let an event take its next state; the database refuses one that may not follow."""
    connection.execute(
        "update canonical.default_event set status = %s where default_event_id = %s", [status, default_event_id]
    )


def note_notice(
    connection: Connection,
    default_event_id: UUID,
    notified_on: date,
    cure_until_on: date | None,
    cure_ends_at: datetime | None,
) -> None:
    """Keep when notice was given, and until when the breach may be cured."""
    connection.execute(
        """
        update canonical.default_event set notified_on = %s, cure_until_on = %s, cure_ends_at = %s
        where default_event_id = %s
        """,
        [notified_on, cure_until_on, cure_ends_at, default_event_id],
    )


def _found(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise NotFound("there is no such default event", remedy="list the events to see the known ones")
    return row
