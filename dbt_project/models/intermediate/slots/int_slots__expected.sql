{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

touched as (

    select * from {{ ref('int_obligation_days__touched') }}

),

sensors as (

    select * from {{ source('core', 'obligation_meter') }}
    where role in ('irradiance', 'module_temperature')

),

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}

),

slots as (

    select * from {{ ref('int_slots__gridded') }}

),

supported as (

    select * from {{ ref('int_slots__supported') }}

),

weather as (

    select
        touched.obligation_id,
        touched.meter_id,
        touched.day_on,
        supported.slot_number,
        avg(supported.irradiance_wm2) filter (where sensors.role = 'irradiance') as irradiance_wm2,
        avg(supported.temperature_c) filter (where sensors.role = 'module_temperature') as temperature_c
    from touched
    inner join sensors using (organization_id, obligation_id)
    inner join supported
        on
            touched.organization_id = supported.organization_id
            and touched.meter_id = supported.meter_id
            and touched.day_on = supported.day_on
            and sensors.meter_id = supported.helper_meter_id
    group by 1, 2, 3, 4

),

-- the contract's sensors come first, else what the meter itself says
observed as (

    select
        touched.organization_id,
        touched.project_id,
        touched.contract_id,
        touched.obligation_id,
        touched.meter_id,
        touched.day_on,
        touched.day_start,
        touched.day_end,
        touched.time_zone,
        slots.slot_number,
        slots.slot_start,
        slots.slot_end,
        slots.slot_seconds,
        slots.source_system,
        slots.reading_interval_seconds,
        slots.quality,
        slots.energy_wh,
        slots.power_w,
        coalesce(weather.irradiance_wm2, slots.irradiance_wm2) as sensed_wm2,
        coalesce(weather.temperature_c, slots.temperature_c) as module_temperature_c
    from touched
    inner join slots using (organization_id, meter_id, day_on)
    left join weather using (obligation_id, meter_id, day_on, slot_number)

),

-- a sensor reads a little below zero at night; where none spoke, the sun decides
lit as (

    select
        observed.*,
        case when observed.sensed_wm2 < 0 then 0 else observed.sensed_wm2 end as irradiance_wm2,
        terms.capacity_kwp,
        terms.expected_from,
        terms.irradiance_min_wm2,
        terms.sun_elevation_min_deg,
        terms.expected_performance_ratio,
        case
            when
                terms.expected_from = 'sun_elevation'
                or (terms.expected_from = 'irradiance' and observed.sensed_wm2 is null)
                then core.sun_elevation_deg(
                    terms.latitude,
                    terms.longitude,
                    observed.slot_start + make_interval(secs => observed.slot_seconds / 2.0)
                )
        end as sun_elevation_deg
    from observed
    inner join terms using (obligation_id, meter_id)

),

final as (

    select
        organization_id,
        project_id,
        contract_id,
        obligation_id,
        meter_id,
        day_on,
        day_start,
        day_end,
        time_zone,
        slot_number,
        slot_start,
        slot_end,
        slot_seconds,
        source_system,
        reading_interval_seconds,
        quality,
        energy_wh,
        power_w,
        irradiance_wm2,
        module_temperature_c,
        case
            when expected_from = 'always' then true
            when expected_from = 'irradiance' and irradiance_wm2 is not null
                -- the threshold itself counts, darkness never does
                then irradiance_wm2 > 0 and irradiance_wm2 >= coalesce(irradiance_min_wm2, 0)
            else sun_elevation_deg > coalesce(sun_elevation_min_deg, {{ var('sun_elevation_min_deg') }})
        end as is_expected,
        expected_from = 'irradiance' and irradiance_wm2 is null as is_sun_decided,
        -- kWp x W/m2 x h x ratio: 1,000 W/m2 is what a kWp is rated at
        capacity_kwp * expected_performance_ratio * irradiance_wm2 * slot_seconds / 3600 as model_wh
    from lit

)

select * from final
