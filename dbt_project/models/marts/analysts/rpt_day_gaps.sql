with

projects as (

    select * from {{ ref('dim_projects') }}

),

day_totals as (

    select
        readings.organization_id,
        readings.project_id,
        readings.source_system,
        readings.external_site_id,
        readings."timestamp" as day_start,
        {{ period_end('readings."timestamp"', 'projects.time_zone', '1 day') }} as day_end,
        readings.energy_wh as day_total_wh
    from {{ ref('meter_reading') }} as readings
    inner join projects
        on readings.organization_id = projects.organization_id and readings.project_id = projects.project_id
    where
        readings.reading_interval_seconds = 86400
        and readings.external_device_id = 'site:' || readings.external_site_id || ':day_total'
        and readings.energy_wh is not null

),

compared as (

    select
        day_totals.organization_id,
        day_totals.project_id,
        day_totals.source_system,
        day_totals.external_site_id,
        day_totals.day_start,
        day_totals.day_end,
        day_totals.day_total_wh,
        sum(readings.energy_wh) as quarter_hours_wh,
        count(readings.energy_wh) as quarter_hour_count
    from day_totals
    -- by its meter, for which readings have an index
    inner join {{ source('core', 'meter_device') }} as stations
        on
            day_totals.organization_id = stations.organization_id
            and day_totals.source_system = stations.source_system
            and day_totals.external_site_id = stations.external_site_id
            and stations.external_device_id = 'site:' || day_totals.external_site_id || ':psystem'
    inner join {{ ref('meter_reading') }} as readings
        on
            stations.organization_id = readings.organization_id
            and stations.meter_id = readings.meter_id
            and day_totals.source_system = readings.source_system
            and day_totals.external_site_id = readings.external_site_id
            and day_totals.day_start <= readings."timestamp"
            and day_totals.day_end > readings."timestamp"
            and stations.external_device_id = readings.external_device_id
            and readings.reading_interval_seconds = 900
    group by 1, 2, 3, 4, 5, 6, 7

),

final as (

    select
        *,
        {{ energy_power_gap('quarter_hours_wh', 'day_total_wh', '10') }} as gap_percent
    from compared

)

select * from final
