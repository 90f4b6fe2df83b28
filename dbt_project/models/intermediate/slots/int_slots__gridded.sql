{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

measured_days as (

    select distinct
        organization_id,
        meter_id,
        day_on
    from {{ ref('int_obligation_days__touched') }}

),

series as (

    select series.*
    from {{ ref('int_series__chosen') }} as series
    inner join measured_days using (organization_id, meter_id, day_on)

),

readings as (

    select
        *,
        energy_wh is not null or power_w is not null as is_valued
    from {{ ref('meter_reading') }}
    where {{ touched_time_ranges('"timestamp"') }}

),

-- by their place in the day, so that the repeated hour of autumn stands twice; an interval that does not divide the
-- day leaves its rest to the last slot
placed as (

    select
        series.organization_id,
        series.meter_id,
        series.day_on,
        least(
            {{ seconds_between('series.day_start', 'readings."timestamp"') }} / series.reading_interval_seconds,
            series.slot_count - 1
        ) as slot_number,
        sum(readings.energy_wh) as energy_wh,
        avg(readings.power_w) as power_w,
        avg(readings.irradiance_wm2) as irradiance_wm2,
        avg(readings.temperature_c) as temperature_c,
        bool_or(readings.is_valued and readings.quality = 'measured') as is_measured,
        bool_or(readings.is_valued) as is_valued
    from series
    inner join readings
        on
            series.organization_id = readings.organization_id
            and series.meter_id = readings.meter_id
            and series.source_system = readings.source_system
            and series.reading_interval_seconds = readings.reading_interval_seconds
            and series.day_start <= readings."timestamp"
            and series.day_end > readings."timestamp"
    group by 1, 2, 3, 4

),

grid as (

    select
        series.*,
        numbers.slot_number,
        series.day_start
        + make_interval(secs => series.phase_seconds + numbers.slot_number * series.reading_interval_seconds)
            as slot_start,
        case
            when numbers.slot_number < series.slot_count - 1 then series.reading_interval_seconds
            else series.day_seconds - (series.slot_count - 1) * series.reading_interval_seconds
        end as slot_seconds
    from series
    cross join generate_series(0, series.slot_count - 1) as numbers (slot_number)

),

final as (

    select
        grid.organization_id,
        grid.meter_id,
        grid.day_on,
        cast(grid.slot_number as bigint) as slot_number,
        grid.slot_start,
        grid.slot_start + make_interval(secs => grid.slot_seconds) as slot_end,
        grid.slot_seconds,
        grid.source_system,
        grid.reading_interval_seconds,
        case when placed.is_measured then 'measured' when placed.is_valued then 'estimated' end as quality,
        placed.energy_wh,
        placed.power_w,
        placed.irradiance_wm2,
        placed.temperature_c
    from grid
    left join placed using (organization_id, meter_id, day_on, slot_number)

)

select * from final
