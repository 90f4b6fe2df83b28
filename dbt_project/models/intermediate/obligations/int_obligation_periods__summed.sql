{%- set totals = [
    'day_count', 'unassessed_seconds', 'slots_expected', 'measured_slots', 'estimated_slots', 'substituted_slots',
    'produced_hours', 'not_producing_hours', 'excused_hours', 'no_data_hours', 'exceeding_maintenance_hours',
    'raw_hours_expected', 'raw_hours_available', 'expected_irradiation_wh_m2', 'produced_irradiation_wh_m2',
    'not_producing_irradiation_wh_m2', 'excused_irradiation_wh_m2', 'no_data_irradiation_wh_m2', 'energy_wh',
    'substituted_energy_wh', 'correction_wh', 'ratio_energy_wh'
] -%}

with

touched as (

    select * from {{ ref('int_obligation_periods__touched') }}

),

terms as (

    select * from {{ source('core', 'obligation') }}

),

metered as (

    select
        meters.*,
        terms.excused_method,
        terms.missing_policy,
        greatest(
            0,
            meters.expected_irradiation_wh_m2 - meters.produced_irradiation_wh_m2
            - meters.excused_irradiation_wh_m2 - meters.no_data_irradiation_wh_m2
        ) as not_producing_irradiation_wh_m2
    from {{ ref('int_obligation_meters__summed') }} as meters
    inner join touched using ({{ period_key() }})
    inner join terms
        on touched.organization_id = terms.organization_id and touched.obligation_id = terms.obligation_id

),

rated as (

    select
        *,
        {{ ratio('100 * (' ~ counted_available('hours') ~ ')', counted_expected('hours')) }} as meter_percent
    from metered

),

combined as (

    select
        {{ period_key() }},
        {%- for column in totals %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        sum({{ counted_available('hours') }}) as hours_available,
        sum({{ counted_expected('hours') }}) as hours_expected,
        sum({{ counted_available('irradiation_wh_m2') }}) as irradiation_available,
        sum({{ counted_expected('irradiation_wh_m2') }}) as irradiation_expected,
        sum(capacity_weight * meter_percent) as weighted_percent,
        sum(capacity_weight) filter (where meter_percent is not null) as weight,
        -- hours of the plant: each meter counts with its share of the capacity
        {%- for column, plant_column in {
            'excused_hours': 'plant_excused_hours',
            'no_data_hours': 'plant_no_data_hours',
            'ratio_reference_kwh_per_kwp': 'reference_yield_hours'
        }.items() %}
        {{ ratio('sum(capacity_weight * ' ~ column ~ ')', 'sum(capacity_weight)') }} as {{ plant_column }},
        {%- endfor %}
        -- unknown as soon as it is of one meter
        case
            when count(*) = count(ratio_corrected_kwh_per_kwp)
                then {{ ratio('sum(capacity_weight * ratio_corrected_kwh_per_kwp)', 'sum(capacity_weight)') }}
        end as corrected_reference_yield_hours,
        {%- for column in ['lost_energy_wh', 'excused_lost_energy_wh'] %}
        case when count(*) = count({{ column }}) then sum({{ column }}) end as {{ column }},
        {%- endfor %}
        count(*) as meter_count,
        max(assessed_seconds) as assessed_seconds
    from rated
    group by {{ period_key() }}

),

final as (

    select
        {{ period_key('touched') }},
        coalesce(combined.meter_count, 0) as meter_count,
        coalesce(combined.assessed_seconds, 0) as assessed_seconds,
        {%- for column in ['hours_available', 'hours_expected', 'irradiation_available', 'irradiation_expected',
            'plant_excused_hours', 'plant_no_data_hours', 'reference_yield_hours'] + totals %}
        coalesce(combined.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        combined.corrected_reference_yield_hours,
        combined.weighted_percent,
        combined.weight,
        combined.lost_energy_wh,
        combined.excused_lost_energy_wh
    from touched
    left join combined using ({{ period_key() }})

)

select * from final
