with

days as (

    select * from {{ ref('meter_aggregate') }}
    where period_type = 'daily'

),

meters as (

    select * from {{ ref('dim_meters') }}

),

final as (

    select
        days.organization_id,
        days.project_id,
        meters.project_name,
        days.meter_id,
        meters.meter_name,
        meters.meter_type,
        cast(days.period_start at time zone days.time_zone as date) as day_on,
        days.period_start,
        days.period_end,
        days.time_zone,
        days.source_system,
        days.reading_interval_seconds,
        days.energy_wh,
        days.energy_kwh,
        days.reading_count,
        days.slots_expected,
        days.data_completeness_percent,
        days.usable_percent,
        days.publication_id,
        coalesce(days.publication_id <= ops.last_closed_publication_id(), false) as is_final
    from days
    inner join meters on days.organization_id = meters.organization_id and days.meter_id = meters.meter_id

)

select * from final
