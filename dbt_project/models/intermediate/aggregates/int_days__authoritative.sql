{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

hours as (

    select * from {{ ref('int_hours__measured') }}

),

meters as (

    select
        organization_id,
        meter_id,
        preferred_source_system,
        reading_interval_seconds as preferred_interval_seconds
    from {{ source('core', 'meter') }}

),

days_by_series as (

    select
        publication_id,
        organization_id,
        project_id,
        meter_id,
        time_zone,
        month_start,
        day_start,
        day_end,
        source_system,
        reading_interval_seconds,
        sum(energy_wh) as energy_wh,
        cast(sum(measured_count) as bigint) as measured_count,
        cast(sum(estimated_count) as bigint) as estimated_count,
        sum(measured_energy_count) * reading_interval_seconds as measured_energy_seconds,
        sum(energy_count) * reading_interval_seconds as energy_seconds,
        sum(measured_count) * reading_interval_seconds as measured_seconds
    from hours
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

),

-- what the meter's owner prefers, else the series that measured most of the day, else the longer interval
final as (

    select distinct on (days_by_series.organization_id, days_by_series.meter_id, days_by_series.day_start)
        days_by_series.*
    from days_by_series
    inner join meters using (organization_id, meter_id)
    order by
        days_by_series.organization_id asc,
        days_by_series.meter_id asc,
        days_by_series.day_start asc,
        coalesce(days_by_series.source_system = meters.preferred_source_system, false) desc,
        coalesce(days_by_series.reading_interval_seconds = meters.preferred_interval_seconds, false) desc,
        days_by_series.measured_energy_seconds desc,
        days_by_series.energy_seconds desc,
        days_by_series.measured_seconds desc,
        days_by_series.reading_interval_seconds desc,
        days_by_series.source_system asc

)

select * from final
