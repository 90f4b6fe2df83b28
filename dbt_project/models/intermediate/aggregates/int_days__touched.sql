{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

accepted as (

    select * from {{ ref('int_readings__accepted') }}

),

projects as (

    select
        organization_id,
        project_id,
        time_zone
    from {{ source('core', 'project') }}

),

-- telling a local day is slow: half a day of UTC reaches into no more than two of them, those of its ends
half_days as (

    select
        publication_id,
        organization_id,
        project_id,
        meter_id,
        min(interval_start) as first_start,
        max(interval_start) as last_start
    from accepted
    group by publication_id, organization_id, project_id, meter_id, {{ half_day('interval_start') }}

),

days as (

    select distinct
        half_days.publication_id,
        half_days.organization_id,
        half_days.project_id,
        half_days.meter_id,
        projects.time_zone,
        date_trunc('day', ends.interval_start, projects.time_zone) as day_start
    from half_days
    inner join projects
        on half_days.organization_id = projects.organization_id and half_days.project_id = projects.project_id
    cross join lateral (values (half_days.first_start), (half_days.last_start)) as ends (interval_start)

),

final as (

    select
        *,
        {{ period_end('day_start', 'time_zone', '1 day') }} as day_end,
        date_trunc('month', day_start, time_zone) as month_start
    from days

)

select * from final
