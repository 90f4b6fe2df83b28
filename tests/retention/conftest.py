"""A warehouse with old months of readings of two organizations, made by plain SQL."""

from datetime import date

import pytest

MAY, JUNE = date(2019, 5, 1), date(2019, 6, 1)
PER_MONTH = 3_000  # readings of an organization

FILL = """
    with made as (
        insert into core.organization (name) values (%(name)s) returning organization_id
    ), plant as (
        insert into core.project (organization_id, name, time_zone)
        select organization_id, 'Plant', 'Europe/Berlin' from made returning organization_id, project_id
    ), meters as (
        insert into core.meter (organization_id, project_id, name)
        select organization_id, project_id, name from plant, unnest(array['A', 'B']) as n (name)
        returning organization_id, project_id, meter_id
    )
    select organization_id, project_id, array_agg(meter_id order by meter_id) as meter_ids from meters group by 1, 2
"""
READINGS = """
    insert into canonical.meter_reading
    select %(organization_id)s, %(project_id)s, meter_id, 'manual', 'S1', 'Gerät "1"', at, 900,
        case when n %% 7 = 0 then null else (n * 1.25)::numeric(20, 6) end, n, n * 4, 812.5, -0.125,
        case when n %% 3 = 0 then jsonb_build_object('voltage_v', n / 10.0, 'note', 'ä''"') end,
        case when n %% 7 = 0 then 'missing' else 'measured' end, 1, n, 1, at + interval '1 hour 0.123456 seconds'
    from unnest(%(meter_ids)s::bigint[]) as m (meter_id)
    cross join generate_series(0, %(each)s - 1) as n
    cross join lateral (select %(month)s::timestamptz + n * interval '15 minutes' as at) as t
"""


def fill(warehouse, month: date, owner: dict, readings: int = PER_MONTH) -> None:
    """Readings of an organization's two meters from the first instant of a month on."""
    warehouse.execute("select canonical.ensure_partitions(%s, %s)", [month, month])
    values = {**owner, "month": f"{month} 00:00+00", "each": readings // 2}
    warehouse.execute(READINGS, values)


@pytest.fixture
def owners(warehouse) -> list[dict]:
    """Two organizations, each with a plant of two meters."""
    return [warehouse.execute(FILL, {"name": name}).fetchone() for name in ("One", "Two")]


@pytest.fixture
def old(warehouse, owners) -> list[dict]:
    """May and June 2019 of both organizations."""
    for owner in owners:
        for month in (MAY, JUNE):
            fill(warehouse, month, owner)
    return owners


def rows(warehouse, month: date | None = None) -> list[dict]:
    """All readings, or those of a month, in the order of their key."""
    return warehouse.execute(
        """
        select * from canonical.meter_reading
        where %(month)s::date is null or date_trunc('month', "timestamp" at time zone 'UTC')::date = %(month)s
        order by organization_id, meter_id, "timestamp", reading_interval_seconds, source_system
        """,
        {"month": month},
    ).fetchall()


def has_partition(warehouse, month: date) -> bool:
    query = "select to_regclass(%s) is not null as found"
    return warehouse.execute(query, [f"canonical.meter_reading_{month:%Y_%m}"]).fetchone()["found"]


def retired(warehouse) -> list[date]:
    return [row["month_start"] for row in warehouse.execute("select * from ops.retired_month order by 1").fetchall()]
