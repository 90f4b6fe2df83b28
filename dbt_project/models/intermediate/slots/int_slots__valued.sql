with

slots as (

    select * from {{ ref('int_slots__expected') }}

),

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}

),

errors as (

    select * from {{ ref('int_meter_errors__dated') }}

),

substitutes as (

    select * from {{ ref('int_slots__substituted') }}

),

delivered as (

    select
        slots.*,
        greatest(terms.power_min_w, terms.power_min_share * terms.capacity_w) as power_min_w,
        slots.energy_wh * (1 - terms.loss_factor) as delivered_wh,
        slots.energy_wh * (1 - terms.loss_factor) / (1 + coalesce(errors.error_share, 0)) as corrected_wh,
        coalesce(slots.energy_wh * 3600 / slots.slot_seconds, slots.power_w) as average_power_w
    from slots
    inner join terms using (obligation_id, meter_id)
    left join errors
        on
            slots.obligation_id = errors.obligation_id
            and slots.meter_id = errors.meter_id
            and slots.slot_start >= errors.wrong_from
            and slots.slot_start < errors.wrong_until

),

final as (

    select
        delivered.organization_id,
        delivered.project_id,
        delivered.contract_id,
        delivered.obligation_id,
        delivered.meter_id,
        delivered.day_on,
        delivered.day_start,
        delivered.day_end,
        delivered.time_zone,
        delivered.slot_number,
        delivered.slot_start,
        delivered.slot_end,
        delivered.slot_seconds,
        delivered.source_system,
        delivered.reading_interval_seconds,
        delivered.quality,
        coalesce(delivered.corrected_wh, substitutes.energy_wh) as energy_wh,
        delivered.corrected_wh - delivered.delivered_wh as correction_wh,
        substitutes.substitution,
        delivered.irradiance_wm2,
        delivered.module_temperature_c,
        delivered.model_wh,
        delivered.is_expected,
        delivered.is_sun_decided,
        coalesce(delivered.average_power_w, substitutes.energy_wh) is not null as is_known,
        coalesce(
            delivered.average_power_w > delivered.power_min_w,
            substitutes.energy_wh * 3600 / delivered.slot_seconds > delivered.power_min_w,
            false
        ) as is_up,
        coalesce(delivered.average_power_w > delivered.power_min_w, false) as is_up_as_read
    from delivered
    left join substitutes using (obligation_id, meter_id, day_on, slot_number)

)

select * from final
