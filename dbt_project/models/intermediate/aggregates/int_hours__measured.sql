{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

days as (

    select *
    from {{ ref('int_days__touched') }}
    where publication_id = {{ open_publication_id() }}

),

readings as (

    select *
    from {{ ref('meter_reading') }}
    where {{ publication_time_ranges('"timestamp"', margin='2 days') }}

),

-- One row per local hour and series; an interval longer than an hour stands in the hour in which it starts. Each day
-- looks up its own readings by their key: a plain join would compare each with every touched day of its meter.
final as (

    select
        days.publication_id,
        days.organization_id,
        days.project_id,
        days.meter_id,
        days.time_zone,
        days.month_start,
        days.day_start,
        days.day_end,
        hours.*
    from days
    cross join lateral (
        select
            {{ local_hour('readings."timestamp"', 'days') }} as hour_start,
            readings.source_system,
            readings.reading_interval_seconds,
            sum(readings.energy_wh) as energy_wh,
            count(*) filter (where readings.quality = 'measured') as measured_count,
            count(*) filter (where readings.quality = 'estimated') as estimated_count,
            count(readings.energy_wh) filter (where readings.quality = 'measured') as measured_energy_count,
            count(readings.energy_wh) as energy_count
        from readings
        where
            readings.organization_id = days.organization_id
            and readings.meter_id = days.meter_id
            and readings."timestamp" >= days.day_start
            and readings."timestamp" < days.day_end
        group by 1, 2, 3
    ) as hours

)

select * from final
