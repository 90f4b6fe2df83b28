{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

periods as (

    select * from {{ ref('int_obligation_periods__governed') }}

),

meters as (

    select
        organization_id,
        obligation_id,
        meter_id,
        role
    from {{ source('core', 'obligation_meter') }}

),

-- readings of any of its meters, in whatever zone that meter's plant lies
read as (

    select
        periods.obligation_id,
        cast(local_day.at as date) as day_on
    from {{ ref('int_days__authoritative') }} as days
    inner join meters using (organization_id, meter_id)
    inner join periods using (organization_id, obligation_id)
    cross join
        generate_series(
            date_trunc('day', days.day_start at time zone periods.time_zone),
            (days.day_end at time zone periods.time_zone) - interval '1 microsecond',
            interval '1 day'
        ) as local_day (at)
    where local_day.at between periods.period_start_on and periods.period_end_on

),

placed_reads as (

    select
        periods.organization_id,
        periods.obligation_id,
        meters.meter_id,
        periods.time_zone,
        periods.period_start_on,
        periods.period_end_on,
        cast(read.day_on as timestamp) at time zone periods.time_zone as day_start,
        cast(read.day_on + 1 as timestamp) at time zone periods.time_zone as day_end
    from read
    inner join {{ source('core', 'obligation') }} as terms using (obligation_id)
    inner join meters on read.obligation_id = meters.obligation_id and meters.role = 'measured'
    inner join periods on read.obligation_id = periods.obligation_id
    where terms.missing_policy = 'substitute' and 'register_difference' = any(terms.substitute_order)

),

-- a register that ends a gap tells of all days that the gap lies in
bridged as (

    select
        placed_reads.obligation_id,
        cast(local_day.at as date) as day_on
    from placed_reads
    left join lateral {{ register_beside('placed_reads', '<', 'placed_reads.day_start') }} as earlier on true
    left join lateral {{ register_beside('placed_reads', '>', 'placed_reads.day_end') }} as later on true
    cross join
        generate_series(
            date_trunc('day', case
                when earlier.read_at + make_interval(secs => earlier.reading_interval_seconds) < placed_reads.day_start
                    then earlier.read_at
                else placed_reads.day_start
            end at time zone placed_reads.time_zone),
            case
                when later.read_at > placed_reads.day_end then later.read_at
                else placed_reads.day_start
            end at time zone placed_reads.time_zone,
            interval '1 day'
        ) as local_day (at)
    where local_day.at between placed_reads.period_start_on and placed_reads.period_end_on

),

claimed as (

    select
        periods.obligation_id,
        cast(local_day.at as date) as day_on
    from {{ source('ops', 'reassessment') }} as reassessments
    inner join periods using (organization_id, contract_id)
    cross join
        generate_series(
            cast(greatest(reassessments.from_on, periods.period_start_on) as timestamp),
            cast(least(reassessments.to_on, periods.period_end_on) as timestamp),
            interval '1 day'
        ) as local_day (at)
    where reassessments.publication_id = {{ open_publication_id() }}

),

-- days of which nothing was ever heard although their period has to be assessed
unheard as (

    select
        due.obligation_id,
        cast(local_day.at as date) as day_on
    from {{ ref('int_obligation_periods__due') }} as due
    inner join meters on due.obligation_id = meters.obligation_id and meters.role = 'measured'
    cross join
        generate_series(
            cast(due.period_start_on as timestamp), cast(due.period_end_on as timestamp), interval '1 day'
        ) as local_day (at)
    left join {{ stored_obligation_days() }} as stored
        on
            due.organization_id = stored.organization_id
            and due.obligation_id = stored.obligation_id
            and meters.meter_id = stored.meter_id
            and local_day.at = stored.day_on
    where due.metric <> 'delay' and stored.day_on is null and {{ open_publication_id() }} > 0

),

days as (

    select * from read
    union
    select * from bridged
    union
    select * from claimed
    union
    select * from unheard

),

placed as (

    select distinct
        periods.organization_id,
        periods.project_id,
        periods.contract_id,
        days.obligation_id,
        days.day_on,
        cast(days.day_on as timestamp) at time zone periods.time_zone as day_start,
        cast(days.day_on + 1 as timestamp) at time zone periods.time_zone as day_end,
        periods.time_zone
    from days
    inner join periods
        on
            days.obligation_id = periods.obligation_id
            and days.day_on between periods.period_start_on and periods.period_end_on

),

-- what retention took away cannot be read again: such days stay as they were assessed
final as (

    select
        cast({{ open_publication_id() }} as bigint) as publication_id,
        placed.organization_id,
        placed.project_id,
        placed.contract_id,
        placed.obligation_id,
        meters.meter_id,
        placed.day_on,
        placed.day_start,
        placed.day_end,
        placed.time_zone
    from placed
    inner join meters on placed.obligation_id = meters.obligation_id and meters.role = 'measured'
    where
        not exists (
            select 1
            from {{ source('ops', 'retired_month') }} as retired
            where
                cast(retired.month_start as timestamp) at time zone 'UTC' < placed.day_end
                and cast(retired.month_start + interval '1 month' as timestamp) at time zone 'UTC' > placed.day_start
        )

)

select * from final
