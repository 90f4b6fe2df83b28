"""Late readings of retired months, the restatements that they propose, and what people decide on them."""

from datetime import date
from typing import Any

from include.core.errors import NotFound
from include.warehouse.database import Connection

REASON = "late readings of a retired month were accepted"


def listing(
    connection: Connection, organization_id: int | None = None, status: str | None = None
) -> list[dict[str, Any]]:
    """Proposals, the newest month first, with plant, meter and the last decision on each."""
    return connection.execute(
        """
        select
            r.organization_id, r.month_start, r.meter_id, p.name as project, m.name as meter, r.status,
            r.late_reading_count, r.late_energy_wh, r.proposed_at, d.decided_at, d.decided_by, d.reason
        from canonical.restatement_proposal as r
        inner join core.meter as m on r.organization_id = m.organization_id and r.meter_id = m.meter_id
        inner join core.project as p on m.organization_id = p.organization_id and m.project_id = p.project_id
        left join lateral (
            select * from ops.restatement_decision as last
            where last.organization_id = r.organization_id and last.meter_id = r.meter_id
                and last.month_start = r.month_start
            order by last.decided_at desc limit 1
        ) as d on true
        where (%(organization_id)s::bigint is null or r.organization_id = %(organization_id)s)
            and (%(status)s::text is null or r.status = %(status)s)
        order by r.month_start desc, r.organization_id, r.meter_id
        """,
        {"organization_id": organization_id, "status": status},
    ).fetchall()


def undecided(
    connection: Connection, organization_id: int, month_start: date, meter_id: int | None = None
) -> list[dict[str, Any]]:
    """Proposals of a month that are not accepted, of one meter when asked; raises NotFound where there is none."""
    rows = connection.execute(
        """
        select * from canonical.restatement_proposal
        where organization_id = %(organization_id)s and month_start = %(month_start)s and status <> 'accepted'
            and (%(meter_id)s::bigint is null or meter_id = %(meter_id)s)
        order by meter_id
        """,
        {"organization_id": organization_id, "month_start": month_start, "meter_id": meter_id},
    ).fetchall()
    if not rows:
        raise NotFound(
            f"organization {organization_id} has no undecided proposal for {month_start:%Y-%m}",
            remedy="`sunledger restatements list` shows them",
        )
    return rows


def late_loads(connection: Connection, organization_id: int, month_start: date, meter_ids: list[int]) -> list[int]:
    """The loads that brought the late readings which nobody has accepted yet."""
    rows = connection.execute(
        """
        select distinct r.load_id
        from canonical.late_reading as r
        where r.organization_id = %(organization_id)s and r.meter_id = any(%(meter_ids)s)
            and date_trunc('month', r."timestamp" at time zone 'UTC')::date = %(month_start)s
            and not exists (
                select from ops.restatement_decision as d
                where d.organization_id = r.organization_id and d.meter_id = r.meter_id
                    and d.month_start = %(month_start)s and d.decision = 'accepted'
                    and d.publication_id >= r.publication_id
            )
        order by r.load_id
        """,
        {"organization_id": organization_id, "month_start": month_start, "meter_ids": meter_ids},
    ).fetchall()
    return [row["load_id"] for row in rows]


def months_behind(connection: Connection, organization_id: int, month_start: date, meter_ids: list[int]) -> list[date]:
    """Retired months that the local days of late readings reach into: the month itself, and at its edges another."""
    rows = connection.execute(
        """
        select distinct t.month_start
        from canonical.late_reading as r
        inner join core.project as p on r.organization_id = p.organization_id and r.project_id = p.project_id
        cross join lateral (
            select date_trunc('day', r."timestamp" at time zone p.time_zone) as local_day
        ) as d
        inner join ops.retired_month as t
            on t.month_start::timestamp at time zone 'UTC' < (d.local_day + interval '1 day') at time zone p.time_zone
            and (t.month_start + interval '1 month') at time zone 'UTC' > d.local_day at time zone p.time_zone
        where r.organization_id = %(organization_id)s and r.meter_id = any(%(meter_ids)s)
            and date_trunc('month', r."timestamp" at time zone 'UTC')::date = %(month_start)s
        order by 1
        """,
        {"organization_id": organization_id, "month_start": month_start, "meter_ids": meter_ids},
    ).fetchall()
    return [row["month_start"] for row in rows]


def ask_for_reassessment(
    connection: Connection, organization_id: int, month_start: date, meter_ids: list[int], requested_by: str
) -> int:
    """Ask for the days of late readings to be assessed again, in every contract that looks at one of these meters."""
    return connection.execute(
        """
        insert into ops.reassessment (organization_id, contract_id, from_on, to_on, reason, requested_by)
        select r.organization_id, o.contract_id, min(r.day_on), max(r.day_on), %(reason)s, %(requested_by)s
        from (
            select late.organization_id, late.meter_id, (late."timestamp" at time zone p.time_zone)::date as day_on
            from canonical.late_reading as late
            inner join core.project as p on late.organization_id = p.organization_id and late.project_id = p.project_id
            where late.organization_id = %(organization_id)s and late.meter_id = any(%(meter_ids)s)
                and date_trunc('month', late."timestamp" at time zone 'UTC')::date = %(month_start)s
        ) as r
        inner join core.obligation_meter as m on r.organization_id = m.organization_id and r.meter_id = m.meter_id
        inner join core.obligation as o on m.organization_id = o.organization_id and m.obligation_id = o.obligation_id
        group by r.organization_id, o.contract_id
        """,
        {
            "organization_id": organization_id,
            "month_start": month_start,
            "meter_ids": meter_ids,
            "reason": REASON,
            "requested_by": requested_by,
        },
    ).rowcount


def decide(connection: Connection, proposal: dict[str, Any], decision: str, *, decided_by: str, reason: str) -> None:
    """Write a decision on a proposal; `accepted` or `declined`."""
    connection.execute(
        """
        insert into ops.restatement_decision (
            organization_id, meter_id, month_start, decision, decided_by, reason, late_reading_count, publication_id
        )
        select
            %(organization_id)s, %(meter_id)s, %(month_start)s, %(decision)s, %(decided_by)s, %(reason)s,
            %(late_reading_count)s, coalesce(max(publication_id), 0)
        from ops.publication
        """,
        proposal | {"decision": decision, "decided_by": decided_by, "reason": reason},
    )
    connection.execute(
        """
        update canonical.restatement_proposal set status = %(decision)s
        where organization_id = %(organization_id)s and meter_id = %(meter_id)s and month_start = %(month_start)s
        """,
        proposal | {"decision": decision},
    )
