{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

-- telling a local day is slow: half a day of UTC reaches into no more than two of them, those of its ends
half_days as (

    select * from {{ ref('int_half_days__delivered') }}

),

projects as (

    select
        organization_id,
        project_id,
        time_zone
    from {{ source('core', 'project') }}

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
