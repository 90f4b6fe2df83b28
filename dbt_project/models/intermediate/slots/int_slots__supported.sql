{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

touched as (

    select * from {{ ref('int_obligation_days__touched') }}

),

helpers as (

    select * from {{ source('core', 'obligation_meter') }}
    where role <> 'measured'

),

series as (

    select * from {{ ref('int_series__chosen') }}

),

readings as (

    select *
    from {{ ref('meter_reading') }}
    where {{ touched_time_ranges('"timestamp"') }}

),

-- which meter helps which other one on which day; obligations share the answer
pairs as (

    select distinct
        touched.organization_id,
        touched.meter_id,
        touched.day_on,
        helpers.meter_id as helper_meter_id
    from touched
    inner join helpers using (organization_id, obligation_id)

),

grids as (

    select
        pairs.*,
        own.day_start + make_interval(secs => own.phase_seconds) as grid_start,
        own.day_seconds,
        own.slot_count,
        own.reading_interval_seconds as slot_seconds,
        helping.source_system,
        helping.reading_interval_seconds as helper_seconds
    from pairs
    inner join series as own using (organization_id, meter_id, day_on)
    inner join series as helping
        on
            pairs.organization_id = helping.organization_id
            and pairs.helper_meter_id = helping.meter_id
            and pairs.day_on = helping.day_on
            and own.day_start = helping.day_start

),

-- seconds of the grid that a helper's reading covers
covering as (

    select
        grids.*,
        readings.energy_wh,
        readings.irradiance_wm2,
        readings.temperature_c,
        {{ seconds_between('grids.grid_start', 'readings."timestamp"') }} as from_second,
        {{ seconds_between('grids.grid_start', 'readings."timestamp"') }} + grids.helper_seconds as to_second
    from grids
    inner join readings
        on
            grids.organization_id = readings.organization_id
            and grids.helper_meter_id = readings.meter_id
            and grids.source_system = readings.source_system
            and grids.helper_seconds = readings.reading_interval_seconds
            and readings."timestamp" > grids.grid_start - make_interval(secs => grids.helper_seconds)
            and readings."timestamp" < grids.grid_start + make_interval(secs => grids.day_seconds)

),

-- the last slot has what the others leave of the day
slots as (

    select
        covering.*,
        numbers.slot_number,
        numbers.slot_number * covering.slot_seconds as begins,
        case
            when numbers.slot_number = covering.slot_count - 1 then covering.day_seconds
            else (numbers.slot_number + 1) * covering.slot_seconds
        end as ends
    from covering
    cross join generate_series(
        greatest(0, covering.from_second / covering.slot_seconds),
        least((covering.to_second - 1) / covering.slot_seconds, covering.slot_count - 1)
    ) as numbers (slot_number)

),

-- a reading gives to each slot by the time that both share
shared as (

    select
        *,
        ends - begins as whole_seconds,
        least(to_second, ends) - greatest(from_second, begins) as shared_seconds
    from slots

),

final as (

    select
        organization_id,
        meter_id,
        day_on,
        slot_number,
        helper_meter_id,
        sum(irradiance_wm2 * shared_seconds) / nullif(sum(shared_seconds) filter (where irradiance_wm2 is not null), 0)
            as irradiance_wm2,
        sum(temperature_c * shared_seconds) / nullif(sum(shared_seconds) filter (where temperature_c is not null), 0)
            as temperature_c,
        -- only a slot that is covered whole has an energy
        case
            when sum(shared_seconds) filter (where energy_wh is not null) >= min(whole_seconds)
                then sum(energy_wh * shared_seconds / helper_seconds)
        end as energy_wh
    from shared
    group by organization_id, meter_id, day_on, slot_number, helper_meter_id

)

select * from final
