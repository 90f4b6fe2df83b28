"""What is shown of contracts; every list is of one organization."""

from typing import Any

from include.warehouse.database import Connection

MOST_EVENTS = 1000
_CONTRACTS = """
select
    c.contract_id, c.external_contract_id, c.name, c.contract_type, c.status, c.counterparty, c.project_id,
    p.name as project, p.time_zone, c.currency_code, c.effective_on as starts_on, c.ends_on, v.version,
    v.effective_on, v.year_anchor_on, v.assess_from_on, v.applied_at
from core.contract as c
inner join core.project as p on c.project_id = p.project_id
left join lateral (
    select * from core.contract_version as every
    where every.contract_id = c.contract_id order by every.version desc limit 1
) as v on true
where c.organization_id = %(organization_id)s
"""


def contracts(
    connection: Connection, organization_id: int, *, after: int = 0, limit: int | None = None
) -> list[dict[str, Any]]:
    """Contracts in the order of their ids, from above one on, with what their newest terms say."""
    return connection.execute(
        _CONTRACTS + " and c.contract_id > %(after)s order by c.contract_id limit %(limit)s",
        {"organization_id": organization_id, "after": after, "limit": limit},
    ).fetchall()


def contract(connection: Connection, organization_id: int, number_or_id: str) -> dict[str, Any] | None:
    """One contract by its number, or by our id."""
    return connection.execute(
        _CONTRACTS + " and %(text)s in (c.external_contract_id, c.contract_id::text) "
        "order by c.external_contract_id = %(text)s desc limit 1",
        {"organization_id": organization_id, "text": number_or_id},
    ).fetchone()


def contract_of_id(connection: Connection, organization_id: int, contract_id: int) -> dict[str, Any] | None:
    """One contract by our id."""
    return connection.execute(
        _CONTRACTS + " and c.contract_id = %(contract_id)s",
        {"organization_id": organization_id, "contract_id": contract_id},
    ).fetchone()


def versions(connection: Connection, organization_id: int, contract_id: int) -> list[dict[str, Any]]:
    """Every version of the terms, the oldest first."""
    return connection.execute(
        """
        select
            version, effective_on, year_anchor_on, assess_from_on, currency_code, terms_sha256, document_uri,
            document_sha256, reason, applied_by, applied_at, terms
        from core.contract_version where organization_id = %s and contract_id = %s order by version
        """,
        [organization_id, contract_id],
    ).fetchall()


def obligations(connection: Connection, organization_id: int, contract_id: int) -> list[dict[str, Any]]:
    """Every version of every promise, with its meters and the years it lists."""
    return connection.execute(
        """
        select
            o.*,
            (
                select coalesce(jsonb_agg(
                    jsonb_build_object('meter_id', m.meter_id, 'meter', m.name, 'role', om.role)
                    order by om.role, om.priority, m.meter_id
                ), '[]')
                from core.obligation_meter as om
                inner join core.meter as m on om.meter_id = m.meter_id
                where om.obligation_id = o.obligation_id
            ) as meters,
            (
                select coalesce(jsonb_agg(
                    jsonb_build_object(
                        'operating_year', y.operating_year, 'expected_kwh', y.expected_kwh::text,
                        'guaranteed_kwh', y.guaranteed_kwh::text
                    ) order by y.operating_year
                ), '[]')
                from core.guarantee_year as y where y.obligation_id = o.obligation_id
            ) as guarantee_years
        from core.obligation as o
        where o.organization_id = %s and o.contract_id = %s
        order by o.obligation_code, o.version
        """,
        [organization_id, contract_id],
    ).fetchall()


def events(
    connection: Connection, organization_id: int, project_id: int, contract_id: int | None = None
) -> list[dict[str, Any]]:
    """The current events of a plant, the newest first; of one contract: those that concern it."""
    return connection.execute(
        """
        select
            e.external_event_id, e.version, e.event_class, e.starts_at, e.ends_at, e.notified_at, e.is_withdrawn,
            e.description, m.name as meter, c.external_contract_id as contract
        from core.plant_event as e
        left join core.meter as m on e.meter_id = m.meter_id
        left join core.contract as c on e.contract_id = c.contract_id
        where
            e.organization_id = %(organization_id)s and e.project_id = %(project_id)s and e.is_current
            and (%(contract_id)s::bigint is null or e.contract_id is null or e.contract_id = %(contract_id)s)
        order by e.starts_at desc, e.external_event_id
        limit %(limit)s
        """,
        {
            "organization_id": organization_id,
            "project_id": project_id,
            "contract_id": contract_id,
            "limit": MOST_EVENTS,
        },
    ).fetchall()


def meter_tests(connection: Connection, organization_id: int, contract_id: int) -> list[dict[str, Any]]:
    """The current tests of every meter that a contract ever looked at, the newest first."""
    return connection.execute(
        """
        select m.name as meter, t.version, t.tested_at, t.last_good_at, t.error_share, t.is_withdrawn
        from core.meter_test as t
        inner join core.meter as m on t.meter_id = m.meter_id
        where
            t.organization_id = %(organization_id)s and t.is_current
            and t.meter_id in (
                select om.meter_id from core.obligation_meter as om
                inner join core.obligation as o on om.obligation_id = o.obligation_id
                where o.organization_id = %(organization_id)s and o.contract_id = %(contract_id)s
            )
        order by t.tested_at desc, m.name
        limit %(limit)s
        """,
        {"organization_id": organization_id, "contract_id": contract_id, "limit": MOST_EVENTS},
    ).fetchall()
