{{ config(materialized='table', unlogged=true, tags=['contracts'], post_hook='analyze {{ this }}') }}
{%- set weights = [] -%}
{%- for unit in ['seconds', 'irradiation_wh_m2'] -%}
{%- for category in slot_categories()[:4] -%}
{%- do weights.append(category ~ '_' ~ unit) -%}
{%- endfor -%}
{%- endfor -%}
{%- set parts = weights + [
    'raw_expected_seconds', 'raw_available_seconds', 'irradiation_wh_m2', 'energy_wh', 'lost_energy_wh',
    'ratio_energy_wh', 'ratio_reference_kwh_per_kwp', 'ratio_corrected_kwh_per_kwp'
] %}

with

days as (

    select * from {{ ref('int_days__spoken_for') }}

),

slots as (

    select * from {{ ref('int_slots__weighed') }}
    where 3600 % reading_interval_seconds = 0

),

hours as (

    select
        days.organization_id,
        days.obligation_id,
        days.meter_id,
        date_trunc('hour', slots.slot_start, slots.time_zone) as hour_start,
        days.excused_method,
        days.missing_policy,
        days.capacity_kwp,
        {%- for category in slot_categories()[:4] %}
        slots.{{ category }}_seconds,
        slots.irradiance_wm2 * slots.{{ category }}_seconds / 3600 as {{ category }}_irradiation_wh_m2,
        {%- endfor %}
        case when slots.is_due then slots.slot_seconds else 0 end as raw_expected_seconds,
        case when slots.is_due and slots.is_up_as_read then slots.slot_seconds else 0 end as raw_available_seconds,
        slots.irradiation_wh_m2,
        slots.energy_wh,
        case when slots.not_producing_seconds = 0 then 0 else slots.lost_energy_wh end as lost_energy_wh,
        case when slots.is_ratio then slots.energy_wh end as ratio_energy_wh,
        slots.ratio_reference_kwh_per_kwp,
        slots.ratio_corrected_kwh_per_kwp
    from slots
    inner join days using (organization_id, obligation_id, meter_id, day_start)

),

periods as (

    {% for period_type, relation, period_start in [
        ('hourly', 'hours', 'hour_start'), ('daily', 'days', 'day_start'), ('monthly', 'days', 'month_start')
    ] -%}
    select
        organization_id,
        obligation_id,
        meter_id,
        '{{ period_type }}' as period_type,
        {{ period_start }} as period_start,
        excused_method,
        missing_policy,
        {%- for part in parts %}
        {{ part }},
        {%- endfor %}
        capacity_kwp
    from {{ relation }}
    {{ 'where is_touched' if period_type == 'daily' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- percentages come from the hours of all parts, never from percentages of parts
summed as (

    select
        organization_id,
        meter_id,
        period_type,
        period_start,
        min(obligation_id) as obligation_id,
        {%- for unit in ['seconds', 'irradiation_wh_m2'] %}
        cast(sum({{ counted_available(unit) }}) as numeric) as available_{{ unit }},
        cast(sum({{ counted_expected(unit) }}) as numeric) as expected_{{ unit }},
        {%- endfor %}
        {%- for part in parts if part not in weights %}
        sum({{ part }}) as {{ part }},
        {%- endfor %}
        sum(excused_seconds) as excused_seconds,
        sum(no_data_seconds) as no_data_seconds,
        sum(ratio_reference_kwh_per_kwp * 1000 * capacity_kwp) as reference_wh,
        case
            when count(ratio_reference_kwh_per_kwp) = count(ratio_corrected_kwh_per_kwp)
                then sum(ratio_corrected_kwh_per_kwp * 1000 * capacity_kwp)
        end as corrected_reference_wh
    from periods
    group by organization_id, meter_id, period_type, period_start

),

final as (

    select
        organization_id,
        meter_id,
        period_type,
        period_start,
        obligation_id,
        {{ hours_of('available_seconds') }} as hours_available,
        {{ hours_of('expected_seconds') }} as hours_expected,
        100 * available_seconds / nullif(expected_seconds, 0) as availability_percent,
        100 * cast(raw_available_seconds as numeric) / nullif(raw_expected_seconds, 0) as raw_availability_percent,
        100 * energy_wh / nullif(energy_wh + lost_energy_wh, 0) as energy_availability_percent,
        100 * available_irradiation_wh_m2 / nullif(expected_irradiation_wh_m2, 0) as irradiance_availability_percent,
        {{ hours_of('excused_seconds') }} as excused_hours,
        {{ hours_of('no_data_seconds') }} as no_data_hours,
        lost_energy_wh / 1000 as lost_energy_kwh,
        irradiation_wh_m2 as poa_irradiation_wh_m2,
        ratio_energy_wh / nullif(reference_wh, 0) as performance_ratio,
        ratio_energy_wh / nullif(corrected_reference_wh, 0) as corrected_performance_ratio
    from summed

)

select * from final
