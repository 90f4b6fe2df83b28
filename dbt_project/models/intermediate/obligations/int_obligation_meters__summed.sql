{%- set sums = [
    'measured_slots', 'estimated_slots', 'substituted_slots', 'produced_hours', 'not_producing_hours',
    'excused_hours', 'no_data_hours', 'exceeding_maintenance_hours', 'raw_hours_expected', 'raw_hours_available',
    'expected_irradiation_wh_m2', 'produced_irradiation_wh_m2', 'excused_irradiation_wh_m2',
    'no_data_irradiation_wh_m2', 'energy_wh', 'substituted_energy_wh', 'correction_wh', 'ratio_energy_wh',
    'ratio_reference_kwh_per_kwp'
] -%}
{#- what is unknown as soon as one day does not know it -#}
{%- set perhaps = {
    'lost_energy_wh': 'days.day_on',
    'excused_lost_energy_wh': 'days.day_on',
    'ratio_corrected_kwh_per_kwp': 'days.ratio_reference_kwh_per_kwp'
} -%}

with

touched as (

    select * from {{ ref('int_obligation_periods__touched') }}

),

days as (

    select * from {{ ref('int_obligation_days__allowed') }}
    where is_in_period

),

meters as (

    select
        roles.organization_id,
        roles.obligation_id,
        roles.meter_id,
        meters.reading_interval_seconds as usual_interval_seconds,
        coalesce(roles.capacity_kw, meters.rated_power_w / 1000) as capacity_kw
    from {{ source('core', 'obligation_meter') }} as roles
    inner join {{ source('core', 'meter') }} as meters using (organization_id, meter_id)
    where roles.role = 'measured'

),

summed as (

    select
        {{ period_key('touched') }},
        touched.is_settled,
        -- a delay that goes on has no end
        case
            when touched.is_settled then {{ elapsed_seconds('touched.period_start', 'touched.period_end') }} else 0
        end as period_seconds,
        meters.meter_id,
        meters.capacity_kw,
        count(days.day_on) as day_count,
        {%- for column in sums %}
        {%- set total = 'coalesce(sum(days.' ~ column ~ '), 0)' %}
        {{ exact_hours(total) if 'hours' in column else total }} as {{ column }},
        {%- endfor %}
        {%- for column, needed in perhaps.items() %}
        case
            when count({{ needed }}) = count({{ needed }}) filter (where days.{{ column }} is not null)
                then coalesce(sum(days.{{ column }}), 0)
        end as {{ column }},
        {%- endfor %}
        coalesce(sum(days.day_seconds), 0) as assessed_seconds,
        coalesce(sum(days.slots_expected), 0) as slots_expected,
        coalesce(min(days.reading_interval_seconds), meters.usual_interval_seconds, 900) as interval_seconds
    from touched
    inner join meters using (organization_id, obligation_id)
    left join days
        on
            touched.organization_id = days.organization_id
            and touched.contract_id = days.contract_id
            and touched.obligation_code = days.obligation_code
            and touched.period_start_on = days.period_start_on
            and touched.period_end_on = days.period_end_on
            and meters.meter_id = days.meter_id
    group by
        {{ period_key('touched') }},
        touched.is_settled,
        touched.period_start,
        touched.period_end,
        meters.meter_id,
        meters.capacity_kw,
        meters.usual_interval_seconds

),

-- a day of a settled period that was never assessed is missing data, not nothing
completed as (

    select
        *,
        greatest(0, period_seconds - assessed_seconds) as unassessed_seconds
    from summed

),

final as (

    select
        {{ period_key() }},
        meter_id,
        -- meters weigh the same unless the capacity of every one is known
        case
            when bool_and(capacity_kw is not null) over (partition by {{ period_key() }}) then capacity_kw
            else 1
        end as capacity_weight,
        {%- for column in sums + (perhaps | list) %}
        {{ column }},
        {%- endfor %}
        day_count,
        assessed_seconds,
        unassessed_seconds,
        slots_expected + unassessed_seconds / interval_seconds as slots_expected
    from completed

)

select * from final
