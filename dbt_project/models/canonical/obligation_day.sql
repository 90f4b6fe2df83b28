{{ config(
    unique_key=['organization_id', 'obligation_id', 'meter_id', 'day_on'],
    meta={'bookkeeping': ['publication_id', 'assessed_at']}
) }}

with

slots as (

    select * from {{ ref('int_slots__weighed') }}

),

-- the class and the event that excused each slot
excuses as (

    select
        obligation_id,
        meter_id,
        day_on,
        excuse_class,
        excuse_event_id,
        sum(excused_seconds) as excused_seconds
    from slots
    where excused_seconds > 0
    group by 1, 2, 3, 4, 5

),

excused_classes as (

    select
        obligation_id,
        meter_id,
        day_on,
        excuse_class,
        trim_scale(round({{ hours_of('sum(excused_seconds)') }}, 10)) as excused_hours
    from excuses
    group by 1, 2, 3, 4

),

excused_by_class as (

    select
        obligation_id,
        meter_id,
        day_on,
        jsonb_object_agg(excuse_class, excused_hours) as excused_hours_by_class
    from excused_classes
    group by 1, 2, 3

),

excused_by_event as (

    select
        obligation_id,
        meter_id,
        day_on,
        jsonb_agg(distinct excuse_event_id order by excuse_event_id) as excused_event_ids
    from excuses
    group by 1, 2, 3

),

summed as (

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
        min(source_system) as source_system,
        min(reading_interval_seconds) as reading_interval_seconds,
        count(*) as slots_expected,
        count(*) filter (where quality = 'measured') as measured_slots,
        count(*) filter (where quality = 'estimated') as estimated_slots,
        count(substitution) as substituted_slots,
        coalesce(jsonb_agg(
            jsonb_build_object(
                'timestamp', {{ utc_text('slot_start') }},
                'method', substitution,
                'energy_wh', cast(trim_scale(round(energy_wh, 8)) as text)
            )
            order by slot_start
        ) filter (where substitution is not null), '[]') as substitutions,
        count(*) filter (where is_sun_decided) as sun_decided_slots,
        count(*) filter (where is_undecided) as undecided_slots,
        {%- for category in slot_categories() %}
        {{ hours_of('sum(' ~ category ~ '_seconds)') }} as {{ category }}_hours,
        {%- endfor %}
        {{ hours_of('coalesce(sum(slot_seconds) filter (where is_due), 0)') }} as raw_hours_expected,
        {{ hours_of('coalesce(sum(slot_seconds) filter (where is_due and is_up_as_read), 0)') }}
            as raw_hours_available,
        sum(case when is_due then irradiation_wh_m2 else 0 * irradiation_wh_m2 end) as expected_irradiation_wh_m2,
        {%- for category in ['produced', 'excused', 'no_data'] %}
        sum(irradiance_wm2 * {{ category }}_seconds / 3600) as {{ category }}_irradiation_wh_m2,
        {%- endfor %}
        sum(irradiation_wh_m2) as irradiation_wh_m2,
        coalesce(sum(energy_wh), 0) as energy_wh,
        coalesce(sum(energy_wh) filter (where substitution is not null), 0) as substituted_energy_wh,
        coalesce(sum(correction_wh), 0) as correction_wh,
        {%- for category, name in [('not_producing', 'lost'), ('excused', 'excused_lost')] %}
        case when sum({{ category }}_seconds) = 0 then 0 else sum({{ name }}_energy_wh) end as {{ name }}_energy_wh,
        {%- endfor %}
        count(*) filter (where is_deemed_slot) as deemed_slots,
        sum(irradiance_wm2) filter (where is_deemed_slot) as deemed_irradiance_sum_wm2,
        count(*) filter (where is_reference) as reference_slots,
        sum(energy_wh) filter (where is_reference) as reference_energy_wh,
        sum(irradiance_wm2) filter (where is_reference) as reference_irradiance_sum_wm2,
        sum(energy_wh) filter (where is_ratio) as ratio_energy_wh,
        sum(ratio_reference_kwh_per_kwp) as ratio_reference_kwh_per_kwp,
        -- one missing temperature would make the sum too small
        case
            when count(ratio_reference_kwh_per_kwp) = count(ratio_corrected_kwh_per_kwp)
                then sum(ratio_corrected_kwh_per_kwp)
        end as ratio_corrected_kwh_per_kwp
    from slots
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9

),

final as (

    select
        summed.organization_id,
        summed.project_id,
        summed.contract_id,
        summed.obligation_id,
        summed.meter_id,
        summed.day_on,
        summed.day_start,
        summed.day_end,
        summed.time_zone,
        summed.source_system,
        summed.reading_interval_seconds,
        summed.slots_expected,
        summed.measured_slots,
        summed.estimated_slots,
        summed.substituted_slots,
        summed.substitutions,
        summed.sun_decided_slots,
        summed.undecided_slots,
        {%- for category in slot_categories() %}
        cast(summed.{{ category }}_hours as numeric(20, 10)) as {{ category }}_hours,
        {%- endfor %}
        coalesce(excused_by_class.excused_hours_by_class, '{}') as excused_hours_by_class,
        coalesce(excused_by_event.excused_event_ids, '[]') as excused_event_ids,
        cast(summed.raw_hours_expected as numeric(20, 10)) as raw_hours_expected,
        cast(summed.raw_hours_available as numeric(20, 10)) as raw_hours_available,
        {%- for irradiation in ['expected', 'produced', 'excused', 'no_data'] %}
        cast(summed.{{ irradiation }}_irradiation_wh_m2 as numeric(20, 8)) as {{ irradiation }}_irradiation_wh_m2,
        {%- endfor %}
        cast(summed.irradiation_wh_m2 as numeric(20, 8)) as irradiation_wh_m2,
        {%- for energy in ['energy', 'substituted_energy', 'correction', 'lost_energy', 'excused_lost_energy'] %}
        cast(summed.{{ energy }}_wh as numeric(24, 8)) as {{ energy }}_wh,
        {%- endfor %}
        summed.deemed_slots,
        cast(summed.deemed_irradiance_sum_wm2 as numeric(24, 8)) as deemed_irradiance_sum_wm2,
        summed.reference_slots,
        cast(summed.reference_energy_wh as numeric(24, 8)) as reference_energy_wh,
        cast(summed.reference_irradiance_sum_wm2 as numeric(24, 8)) as reference_irradiance_sum_wm2,
        cast(summed.ratio_energy_wh as numeric(24, 8)) as ratio_energy_wh,
        cast(summed.ratio_reference_kwh_per_kwp as numeric(24, 12)) as ratio_reference_kwh_per_kwp,
        cast(summed.ratio_corrected_kwh_per_kwp as numeric(24, 12)) as ratio_corrected_kwh_per_kwp,
        cast({{ open_publication_id() }} as bigint) as publication_id,
        now() as assessed_at
    from summed
    left join excused_by_class using (obligation_id, meter_id, day_on)
    left join excused_by_event using (obligation_id, meter_id, day_on)

)

select * from final
