with

slots as (

    select * from {{ ref('int_slots__categorised') }}

),

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}

),

weighed as (

    select
        slots.*,
        terms.temperature_coefficient_per_c,
        terms.reference_temperature_c,
        slots.model_wh - greatest(coalesce(slots.energy_wh, 0), 0) as missed_wh,
        slots.irradiance_wm2 * slots.slot_seconds / 3600 as irradiation_wh_m2,
        -- what a curtailed plant still delivered counts as delivered
        slots.is_deemed and slots.is_due and slots.category <> 'produced' as is_deemed_slot,
        coalesce(
            not slots.is_deemed
            and slots.irradiance_wm2 > terms.deemed_irradiance_min_wm2
            and slots.energy_wh is not null
            and slots.substitution is null, false
        ) as is_reference,
        slots.category <> 'excused'
        and slots.energy_wh is not null
        and slots.irradiance_wm2 is not null
        and (slots.module_temperature_c is not null or not terms.is_temperature_corrected) as is_ratio
    from slots
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
        slot_start,
        slot_seconds,
        source_system,
        reading_interval_seconds,
        quality,
        {%- for category in slot_categories() %}
        {{ category }}_seconds,
        {%- endfor %}
        excuse_class,
        excuse_event_id,
        is_due,
        is_up_as_read,
        is_sun_decided,
        is_undecided,
        energy_wh,
        correction_wh,
        substitution,
        irradiance_wm2,
        irradiation_wh_m2,
        -- of a slot that stood still in part, no more than that part is lost, and no more than it missed
        {%- for category, name in [('not_producing', 'lost'), ('excused', 'excused_lost')] %}
        case
            when {{ category }}_seconds > 0 and model_wh is not null
                then greatest(0, least(model_wh * {{ category }}_seconds / slot_seconds, missed_wh))
        end as {{ name }}_energy_wh,
        {%- endfor %}
        is_deemed_slot,
        is_reference,
        is_ratio,
        case when is_ratio then irradiation_wh_m2 / 1000 end as ratio_reference_kwh_per_kwp,
        case
            when not is_ratio then null
            when irradiation_wh_m2 = 0 then 0
            else
                irradiation_wh_m2 / 1000
                * (1 + temperature_coefficient_per_c * (module_temperature_c - reference_temperature_c))
        end as ratio_corrected_kwh_per_kwp
    from weighed

)

select * from final
