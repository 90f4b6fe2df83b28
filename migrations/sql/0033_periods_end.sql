set local role sunledger_owner;

-- As before, but no period reaches beyond its contract: the last twelve months end with it, and its last year, which
-- was judged with the year before, is not judged by itself as "two contract years" as well.
create or replace view core.obligation_calendar with (security_invoker = true) as
with terms as (
    select
        o.organization_id,
        c.project_id,
        o.contract_id,
        o.contract_version_id,
        o.obligation_id,
        o.obligation_code,
        o.version as obligation_version,
        o.metric,
        o.period_type,
        o.promised_on,
        o.achieved_on,
        o.settle_days,
        o.is_active,
        p.time_zone,
        v.year_anchor_on,
        v.assess_from_on as first_on,
        least(c.ends_on, timezone(p.time_zone, now())::date) as last_on,
        c.ends_on,
        case o.period_type when 'month' then interval '1 month' else interval '3 months' end as step,
        case o.period_type when 'contract_year' then 1 else 2 end as years
    from core.obligation as o
    inner join core.contract_version as v on o.contract_version_id = v.contract_version_id
    inner join core.contract as c on o.contract_id = c.contract_id
    inner join core.project as p on c.project_id = p.project_id
),

spans as (
    select
        t.*,
        greatest(began.at::date, t.first_on) as start_on,
        least((began.at + t.step - interval '1 day')::date, coalesce(t.ends_on, 'infinity')) as end_on
    from terms as t
    cross join
        generate_series(
            date_trunc(case t.period_type when 'month' then 'month' else 'quarter' end, t.first_on::timestamp),
            t.last_on::timestamp,
            t.step
        ) as began (at)
    where t.period_type in ('month', 'quarter')

    union all

    select
        t.*,
        (t.year_anchor_on + gone.years * interval '1 year')::date as start_on,
        least(
            (t.year_anchor_on + (gone.years + t.years) * interval '1 year' - interval '1 day')::date,
            coalesce(t.ends_on, 'infinity')
        ) as end_on
    from terms as t
    cross join
        generate_series(0, core.operating_year(t.last_on, t.year_anchor_on) - 1)
            as gone (years)
    where
        t.period_type in ('contract_year', 'two_contract_years')
        and (t.year_anchor_on + gone.years * interval '1 year')::date >= t.first_on
        -- a contract's last year was judged with the one before it; two years of it do not begin then
        and (
            t.period_type = 'contract_year'
            or (t.year_anchor_on + (gone.years + 1) * interval '1 year')::date <= coalesce(t.ends_on, 'infinity')
            or gone.years = 0
            or (t.year_anchor_on + (gone.years - 1) * interval '1 year')::date < t.first_on
        )

    union all

    select
        t.*,
        (final.month - interval '11 months')::date as start_on,
        least((final.month + interval '1 month - 1 day')::date, coalesce(t.ends_on, 'infinity')) as end_on
    from terms as t
    cross join
        generate_series(
            date_trunc('month', t.first_on + interval '1 month - 1 day') + interval '11 months',
            t.last_on::timestamp,
            interval '1 month'
        ) as final (month)
    where t.period_type = 'rolling_12_months'

    union all

    select
        t.*,
        t.promised_on as start_on,
        coalesce(t.achieved_on, t.ends_on, 'infinity') as end_on
    from terms as t
    where t.period_type = 'once' and t.promised_on <= t.last_on
),

governed as (
    select s.* from spans as s
    where
        s.is_active
        and s.start_on <= s.last_on
        and s.end_on >= s.start_on
        and not exists (
            select from core.obligation as later
            where
                later.contract_id = s.contract_id
                and later.obligation_code = s.obligation_code
                and later.version > s.obligation_version
                and later.valid_from_on <= s.start_on
        )
        -- the first version also governs what began before it
        and exists (
            select from core.obligation as own
            where
                own.obligation_id = s.obligation_id
                and (own.valid_from_on <= s.start_on or own.version = (
                    select min(first.version) from core.obligation as first
                    where first.contract_id = s.contract_id and first.obligation_code = s.obligation_code
                ))
        )
)

select
    organization_id,
    project_id,
    contract_id,
    contract_version_id,
    obligation_id,
    obligation_code,
    obligation_version,
    metric,
    period_type,
    start_on as period_start_on,
    end_on as period_end_on,
    timezone(time_zone, start_on::timestamp) as period_start,
    timezone(time_zone, end_on::timestamp + interval '1 day') as period_end,
    time_zone,
    core.operating_year(start_on, year_anchor_on) as operating_year,
    timezone(time_zone, end_on::timestamp + interval '1 day') + settle_days * interval '1 day' as settles_at
from governed;

reset role;
