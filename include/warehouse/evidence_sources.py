"""What an evidence pack is made of, read as it was when the event was detected."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from json import loads as parse_json
from typing import Any

from psycopg import sql
from psycopg.types.json import set_json_loads

from include.warehouse.database import Connection

CHUNK_ROWS = 5_000
_READING = (
    'organization_id, meter_id, "timestamp", reading_interval_seconds, source_system, quality, energy_wh, '
    "energy_total_wh, power_w, irradiance_wm2, temperature_c, load_id, publication_id"
)


def exactly(connection: Connection) -> Connection:
    """The same connection, on which numbers inside JSON are decimals instead of binary fractions."""
    set_json_loads(partial(parse_json, parse_float=Decimal), connection)
    return connection


def terms(connection: Connection, event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Contract, version of the terms, obligation and plant of an event, each as a row."""
    queries = {
        "contract": ("select * from core.contract where contract_id = %s", event["contract_id"]),
        "contract_version": (
            "select * from core.contract_version where contract_version_id = %s", event["contract_version_id"]
        ),
        "obligation": ("select * from core.obligation where obligation_id = %s", event["obligation_id"]),
        "plant": ("select * from core.project where project_id = %s", event["project_id"]),
    }  # fmt: skip
    return {name: connection.execute(query, [key]).fetchone() for name, (query, key) in queries.items()}


def meters(connection: Connection, obligation_id: int) -> list[dict[str, Any]]:
    """The meters of an obligation with their roles, frozen with its version, and what they are."""
    return connection.execute(
        """
        select o.role, o.priority, o.capacity_kw, m.*
        from core.obligation_meter as o
        inner join core.meter as m on o.meter_id = m.meter_id
        where o.obligation_id = %s
        order by o.role, o.priority, o.meter_id
        """,
        [obligation_id],
    ).fetchall()


def guarantee_years(connection: Connection, obligation_id: int) -> list[dict[str, Any]]:
    """Energy by contract year where the contract lists it."""
    return connection.execute(
        "select * from core.guarantee_year where obligation_id = %s order by operating_year", [obligation_id]
    ).fetchall()


def known_instants(connection: Connection, event: dict[str, Any]) -> list[datetime]:
    """Until when an event's publication may have known plant events and meter tests, the latest first.

    It read them at some moment between its opening and the event. What people applied in that time, or in a transaction
    that began shortly before and ended in it, it may have missed.
    """
    rows = connection.execute(
        """
        select distinct applied.applied_at - interval '1 microsecond' as known_at
        from (
            select organization_id, applied_at from core.plant_event
            union all
            select organization_id, applied_at from core.meter_test
        ) as applied
        inner join ops.publication as p on p.publication_id = %(publication_id)s
        where applied.organization_id = %(organization_id)s
            and applied.applied_at between p.opened_at - interval '10 minutes' and %(detected_at)s
        order by 1 desc
        limit 50
        """,
        event,
    ).fetchall()
    return [event["detected_at"], *(row["known_at"] for row in rows)]


def plant_events(connection: Connection, event: dict[str, Any]) -> list[dict[str, Any]]:
    """Plant events of the period that concern the contract, in the versions known at the event's `known_at`."""
    return connection.execute(
        """
        select * from (
            select distinct on (external_event_id) * from core.plant_event
            where organization_id = %(organization_id)s and applied_at <= %(known_at)s
            order by external_event_id, version desc
        ) as known
        where
            project_id = %(project_id)s
            and (contract_id is null or contract_id = %(contract_id)s)
            and not is_withdrawn
            and starts_at < %(period_end)s
            and (ends_at is null or ends_at > %(period_start)s)
        order by starts_at, external_event_id collate "C"
        """,
        event,
    ).fetchall()


def meter_tests(connection: Connection, event: dict[str, Any], meter_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Tests of the meters whose look-back touches the period, in the versions known at the event's `known_at`."""
    return connection.execute(
        """
        select * from (
            select distinct on (meter_id, tested_at) * from core.meter_test
            where organization_id = %(organization_id)s and meter_id = any(%(meter_ids)s)
                and applied_at <= %(known_at)s
            order by meter_id, tested_at, version desc
        ) as known
        where not is_withdrawn and last_good_at < %(period_end)s and tested_at > %(period_start)s
        order by meter_id, tested_at
        """,
        {**event, "meter_ids": list(meter_ids)},
    ).fetchall()


def register_beside(
    connection: Connection, event: dict[str, Any], meter_id: int, span: tuple[datetime, datetime], *, is_later: bool
) -> datetime | None:
    """When the register of a meter was read next before the end of a span, or first in it; null where it was not."""
    return connection.execute(
        sql.SQL(
            """
            select {edge}("timestamp") as at from canonical.meter_reading
            where organization_id = %(organization_id)s and meter_id = %(meter_id)s
                and "timestamp" >= %(start)s and "timestamp" < %(end)s and energy_total_wh is not null
                and publication_id <= %(publication_id)s
            """
        ).format(edge=sql.SQL("min" if is_later else "max")),
        {**event, "meter_id": meter_id, "start": span[0], "end": span[1]},
    ).fetchone()["at"]


def days(connection: Connection, event: dict[str, Any]) -> list[dict[str, Any]]:
    """The days of the event's obligation in its period, as the warehouse sums them."""
    return connection.execute(
        """
        select * from canonical.obligation_day
        where organization_id = %(organization_id)s and obligation_id = %(obligation_id)s
            and day_on between %(period_start_on)s and %(period_end_on)s
        order by meter_id, day_on
        """,
        event,
    ).fetchall()


def earlier_days(connection: Connection, event: dict[str, Any], first_on: date) -> list[dict[str, Any]]:
    """Days before the event's period from one on; under the same terms where there are some, else the newest ones."""
    return connection.execute(
        """
        select distinct on (d.meter_id, d.day_on) d.*
        from canonical.obligation_day as d
        inner join core.obligation as o on d.obligation_id = o.obligation_id
        where d.organization_id = %(organization_id)s
            and o.contract_id = %(contract_id)s and o.obligation_code = %(obligation_code)s
            and d.day_on >= %(first_on)s and d.day_on < %(period_start_on)s
        order by d.meter_id, d.day_on, (d.obligation_id = %(obligation_id)s) desc, o.version desc
        """,
        {**event, "first_on": first_on},
    ).fetchall()


def retired_months(connection: Connection, start: datetime, end: datetime) -> list[datetime]:
    """Months (their first instants, UTC) of a span whose readings retention has taken away."""
    rows = connection.execute(
        """
        select timezone('UTC', month_start::timestamp) as month_start from ops.retired_month
        where timezone('UTC', month_start::timestamp) < %(end)s
            and timezone('UTC', month_start + interval '1 month') > %(start)s
        order by month_start
        """,
        {"start": start, "end": end},
    ).fetchall()
    return [row["month_start"] for row in rows]


def readings(
    connection: Connection, event: dict[str, Any], meter_ids: Sequence[int], start: datetime, end: datetime
) -> Iterator[dict[str, Any]]:
    """All readings of the meters in a span as the event's publication knew them: later corrections are undone."""
    with connection.cursor(name="evidence_readings") as cursor:
        cursor.itersize = CHUNK_ROWS
        cursor.execute(
            f"""
            select {_READING} from canonical.meter_reading
            where organization_id = %(organization_id)s and meter_id = any(%(meter_ids)s)
                and "timestamp" >= %(start)s and "timestamp" < %(end)s and publication_id <= %(publication_id)s
            """,  # noqa: S608 -- the columns are named above
            {**event, "meter_ids": list(meter_ids), "start": start, "end": end},
        )
        yield from cursor
    yield from replaced_since(connection, event, meter_ids, start, end)


def replaced_since(
    connection: Connection, event: dict[str, Any], meter_ids: Sequence[int], start: datetime, end: datetime
) -> Iterator[dict[str, Any]]:
    """Readings of a span that the event's publication knew and a later one replaced."""
    yield from connection.execute(
        f"""
        select {_READING} from canonical.meter_reading_revision
        where organization_id = %(organization_id)s and meter_id = any(%(meter_ids)s)
            and "timestamp" >= %(start)s and "timestamp" < %(end)s and publication_id <= %(publication_id)s
            and reason = 'replaced' and revised_in_publication_id > %(publication_id)s
        """,  # noqa: S608 -- the columns are named above
        {**event, "meter_ids": list(meter_ids), "start": start, "end": end},
    )


def loads(connection: Connection, load_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The loads with what was refused of each: rows by rule and state, never their cells."""
    return connection.execute(
        """
        select
            l.*,
            coalesce((
                select jsonb_agg(
                    jsonb_build_object('code', q.code, 'status', q.status, 'rows', q.count)
                    order by q.code collate "C", q.status
                )
                from (
                    select codes.code, r.status, count(*) as count
                    from quarantine.rejected_row as r
                    cross join unnest(r.codes) as codes (code)
                    where r.load_id = l.load_id
                    group by codes.code, r.status
                ) as q
            ), '[]') as quarantined
        from ops.ingestion_log as l
        where l.load_id = any(%s)
        order by l.load_id
        """,
        [list(load_ids)],
    ).fetchall()


def audit_head(connection: Connection, organization_id: int) -> int:
    """The number of the newest entry of an organization's audit chain; 0 where there is none."""
    return connection.execute(
        "select coalesce(max(seq), 0) as seq from ops.audit_entry where organization_id = %s", [organization_id]
    ).fetchone()["seq"]


def audit(connection: Connection, organization_id: int, since: datetime, last_seq: int) -> list[dict[str, Any]]:
    """The entries of a chain from an instant on up to one of them, as they were hashed."""
    return connection.execute(
        """
        select organization_id, seq, previous_hash, occurred_at, action, input_hash, output_hash, entry_hash as hash
        from ops.audit_entry
        where organization_id = %s and occurred_at >= %s and seq <= %s
        order by seq
        """,
        [organization_id, since, last_seq],
    ).fetchall()


def custody(connection: Connection, event: dict[str, Any], last_seq: int | None = None) -> list[dict[str, Any]]:
    """Who built, viewed, exported or verified an event's pack, up to one entry of the chain; people by their entry."""
    return connection.execute(
        """
        select
            seq, action, occurred_at,
            case
                when actor like 'key:%%' then 'client' when actor like 'user:%%' then 'person'
                when actor = 'pipeline' then 'service' else 'operator'
            end as actor_kind
        from ops.audit_entry
        where organization_id = %(organization_id)s and subject = %(subject)s
            and (%(last_seq)s::bigint is null or seq <= %(last_seq)s)
        order by seq
        """,
        {
            "organization_id": event["organization_id"],
            "subject": f"default event {event['default_event_id']}",
            "last_seq": last_seq,
        },
    ).fetchall()
