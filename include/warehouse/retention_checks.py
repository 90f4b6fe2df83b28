"""What has to be true before a month of readings may leave the database; everything else blocks it in words."""

from datetime import date
from typing import Any

from include.warehouse.database import Connection

REASON = "retention: every day has to be assessed before its readings go to the archive"
LISTED = 5

_SPAN = """
    select
        %(month)s::date::timestamp at time zone 'UTC' as starts_at,
        (%(month)s::date + interval '1 month') at time zone 'UTC' as ends_at
"""
# the measured meters' local days of a month, within the periods that some version of the terms governs
_DAYS_WITHOUT_RESULT = f"""
    with span as ({_SPAN})

    select distinct c.organization_id, c.contract_id, c.obligation_code, m.meter_id, local_day.at::date as day_on
    from span
    inner join core.obligation_calendar as c on c.period_start < span.ends_at and c.period_end > span.starts_at
    inner join core.obligation_meter as m
        on c.organization_id = m.organization_id and c.obligation_id = m.obligation_id and m.role = 'measured'
    cross join
        generate_series(
            greatest(c.period_start_on, (span.starts_at at time zone c.time_zone)::date)::timestamp,
            least(c.period_end_on, ((span.ends_at - interval '1 second') at time zone c.time_zone)::date)::timestamp,
            interval '1 day'
        ) as local_day (at)
    left join canonical.obligation_day as d
        on c.organization_id = d.organization_id and c.obligation_id = d.obligation_id
        and m.meter_id = d.meter_id and local_day.at::date = d.day_on
    where c.metric <> 'delay' and d.day_on is null
"""  # noqa: S608 -- a constant


def blockers(connection: Connection, month_start: date) -> list[str]:
    """Why a month may not leave the database yet, in words; empty when it may."""
    checks = (_waiting_loads, _reassessments, _missing_days, _unassessed_periods, _missing_events, _evidence)
    return [reason for check in checks for reason in check(connection, month_start)]


def ask_for_missing_days(connection: Connection, month_start: date) -> int:
    """Ask the next publication to assess the days of a month that have no result; returns for how many contracts."""
    return connection.execute(
        f"""
        insert into ops.reassessment (organization_id, contract_id, from_on, to_on, reason, requested_by)
        select missing.organization_id, missing.contract_id, min(missing.day_on), max(missing.day_on), %(reason)s,
            'retention'
        from ({_DAYS_WITHOUT_RESULT}) as missing
        where not exists (
            select from ops.reassessment as asked
            where asked.organization_id = missing.organization_id and asked.contract_id = missing.contract_id
                and asked.publication_id is null and missing.day_on between asked.from_on and asked.to_on
        )
        group by missing.organization_id, missing.contract_id
        """,  # noqa: S608 -- a constant
        {"month": month_start, "reason": REASON},
    ).rowcount


def _waiting_loads(connection: Connection, month: date) -> list[str]:
    rows = connection.execute(
        f"""
        with span as ({_SPAN})

        select l.load_id, l.status from ops.ingestion_log as l
        inner join span on l.data_start_at < span.ends_at and l.data_end_at >= span.starts_at
        where l.status in ('staged', 'accepted') order by 1
        """,  # noqa: S608 -- a constant
        {"month": month},
    ).fetchall()
    return [f"readings of it wait for publication: {_listed(rows, 'load {load_id}')}"] if rows else []


def _reassessments(connection: Connection, month: date) -> list[str]:
    rows = connection.execute(
        """
        select r.contract_id, r.from_on, r.to_on from ops.reassessment as r
        left join ops.publication as p on r.publication_id = p.publication_id
        where (r.publication_id is null or p.status = 'open')
            and r.from_on <= (%(month)s::date + interval '1 month')::date and r.to_on >= %(month)s::date - 1
        order by 1, 2
        """,
        {"month": month},
    ).fetchall()
    return [f"days of it are to be assessed again: {_listed(rows, 'contract {contract_id}')}"] if rows else []


def _missing_days(connection: Connection, month: date) -> list[str]:
    rows = connection.execute(f"{_DAYS_WITHOUT_RESULT} order by 2, 3, 4, 5", {"month": month}).fetchall()
    said = _listed(rows, "contract {contract_id} {obligation_code}, meter {meter_id}, {day_on}")
    return [f"{len(rows)} days are not assessed: {said}"] if rows else []


def _unassessed_periods(connection: Connection, month: date) -> list[str]:
    rows = connection.execute(
        f"""
        with span as ({_SPAN})

        select c.contract_id, c.obligation_code, c.period_start_on
        from span
        inner join core.obligation_calendar as c on c.period_start < span.ends_at and c.period_end > span.starts_at
        left join canonical.obligation_period as p
            on c.organization_id = p.organization_id and c.contract_id = p.contract_id
            and c.obligation_code = p.obligation_code and c.period_start_on = p.period_start_on
            and c.period_end_on = p.period_end_on and p.outcome <> 'running'
        where c.settles_at <= now() and p.contract_id is null
        order by 1, 2, 3
        """,  # noqa: S608 -- a constant
        {"month": month},
    ).fetchall()
    said = _listed(rows, "contract {contract_id} {obligation_code} from {period_start_on}")
    return [f"settled periods are not assessed: {said}"] if rows else []


def _missing_events(connection: Connection, month: date) -> list[str]:
    rows = connection.execute(
        f"""
        with span as ({_SPAN})

        select p.contract_id, p.obligation_code, p.period_start_on
        from span
        inner join canonical.obligation_period as p on p.period_start < span.ends_at and p.period_end > span.starts_at
        where p.outcome in ('breached', 'inconclusive') and not exists (
            select from canonical.default_event as e
            where e.organization_id = p.organization_id and e.contract_id = p.contract_id
                and e.obligation_code = p.obligation_code and e.period_start_on = p.period_start_on
                and e.period_end_on = p.period_end_on and e.status <> 'superseded'
        )
        order by 1, 2, 3
        """,  # noqa: S608 -- a constant
        {"month": month},
    ).fetchall()
    said = _listed(rows, "contract {contract_id} {obligation_code} from {period_start_on}")
    return [f"broken promises without an event: {said}"] if rows else []


def events_touching(connection: Connection, month_start: date) -> list[dict[str, Any]]:
    """Every default event whose period touches a month, superseded ones too, with the state of its evidence pack."""
    return connection.execute(
        f"""
        with span as ({_SPAN})

        select
            e.organization_id, e.default_event_id, e.contract_id, e.obligation_code, e.period_start_on, e.revision,
            e.status, k.status as pack_status, k.is_intact, k.verified_at
        from span
        inner join canonical.default_event as e on e.period_start < span.ends_at and e.period_end > span.starts_at
        left join ops.evidence_pack as k
            on e.organization_id = k.organization_id and e.default_event_id = k.default_event_id
        order by e.contract_id, e.obligation_code, e.period_start_on, e.revision
        """,  # noqa: S608 -- a constant
        {"month": month_start},
    ).fetchall()


def _evidence(connection: Connection, month: date) -> list[str]:
    found = events_touching(connection, month)
    incomplete = [event for event in found if event["pack_status"] != "complete"]
    unproven = [event for event in found if event["pack_status"] == "complete" and not event["is_intact"]]
    place = "event {default_event_id} (contract {contract_id} {obligation_code} from {period_start_on})"
    said = []
    if incomplete:
        said.append(f"evidence is not complete: {_listed(incomplete, place)}")
    if unproven:
        said.append(f"evidence was not verified as intact: {_listed(unproven, place)}")
    return said


def _listed(rows: list[dict[str, Any]], place: str) -> str:
    shown = "; ".join(place.format(**row) for row in rows[:LISTED])
    return f"{shown}; and {len(rows) - LISTED} more" if len(rows) > LISTED else shown
