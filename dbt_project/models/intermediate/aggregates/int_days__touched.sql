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

days as (

    select distinct
        accepted.publication_id,
        accepted.organization_id,
        accepted.project_id,
        accepted.meter_id,
        projects.time_zone,
        date_trunc('day', accepted.interval_start, projects.time_zone) as day_start
    from accepted
    inner join projects
        on accepted.organization_id = projects.organization_id and accepted.project_id = projects.project_id

),

final as (

    select
        *,
        {{ period_end('day_start', 'time_zone', '1 day') }} as day_end,
        date_trunc('month', day_start, time_zone) as month_start
    from days

)

select * from final
