{%- set policies = [
    'missing_policy', 'min_completeness_percent', 'excused_method', 'excused_classes', 'maintenance_hours_per_year',
    'weighting', 'downtime_basis', 'expected_from', 'category_priority', 'substitute_order', 'deemed_method',
    'deemed_classes', 'meter_error_lookback', 'ld_basis', 'ld_step_mode'
] -%}
{%- set numbers = ['min_completeness_percent', 'maintenance_hours_per_year'] -%}

with

numbers as (

    select
        {{ period_key('touched') }},
        touched.metric,
        touched.operating_year,
        touched.is_settled,
        terms.guarantee,
        terms.base_energy_kwh,
        terms.degradation_per_year,
        terms.temperature_coefficient_per_c,
        terms.reference_temperature_c,
        terms.shortfall_decimals,
        terms.ld_rate,
        terms.ld_alternate_price,
        terms.ld_contract_price,
        terms.ld_floor,
        terms.ld_step,
        terms.rounding,
        terms.money_decimals,
        jsonb_strip_nulls(jsonb_build_object(
            {%- for policy in policies %}
            '{{ policy }}', {{ plain('terms.' ~ policy) if policy in numbers else 'terms.' ~ policy }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        )) as policies,
        terms.deemed_method,
        terms.ld_basis,
        terms.ld_step_mode,
        {%- for column in [
            'slots_expected', 'measured_slots', 'unassessed_seconds', 'produced_hours', 'not_producing_hours',
            'excused_hours', 'no_data_hours', 'exceeding_maintenance_hours', 'hours_expected', 'hours_available',
            'raw_hours_expected', 'raw_hours_available', 'raw_percent', 'availability_percent', 'weighted_percent',
            'weight', 'irradiation_available', 'irradiation_expected', 'energy_kwh', 'lost_energy_kwh',
            'excused_lost_energy_kwh', 'energy_wh', 'substituted_energy_wh', 'correction_wh', 'reference_yield_hours',
            'corrected_reference_yield_hours', 'ratio_energy_wh', 'capacity_kwp', 'capacity_ac_kw',
            'efficiency_factor', 'hours', 'plant_excused_hours', 'plant_no_data_hours', 'running_hours',
            'reference_energy_kwh', 'completeness_percent', 'is_temperature_corrected', 'missing_policy',
            'excused_method', 'weighting'
        ] %}
        measured.{{ column }},
        {%- endfor %}
        assessed.outcome,
        assessed.expected,
        assessed.guaranteed,
        assessed.actual,
        assessed.deemed,
        assessed.counted,
        assessed.exact_shortfall,
        assessed.shortfall,
        assessed.ld_units,
        assessed.ld_exact,
        guaranteed.years as guaranteed_years,
        deemed.deemed_slots,
        deemed.deemed_months
    from {{ ref('int_obligation_periods__touched') }} as touched
    inner join {{ ref('int_obligation_periods__measured') }} as measured using ({{ period_key() }})
    inner join {{ ref('int_obligation_periods__assessed') }} as assessed using ({{ period_key() }})
    left join {{ ref('int_obligation_periods__guaranteed') }} as guaranteed using ({{ period_key() }})
    left join {{ ref('int_obligation_periods__deemed') }} as deemed using ({{ period_key() }})
    inner join {{ source('core', 'obligation') }} as terms
        on touched.organization_id = terms.organization_id and touched.obligation_id = terms.obligation_id

),

explained as (

    select
        *,
        jsonb_build_array({{ step(
            'completeness',
            '100 x measured slots / expected slots',
            {
                'measured_slots': 'measured_slots', 'slots_expected': 'slots_expected',
                'hours_never_assessed': 'nullif(unassessed_seconds / 3600.0, 0)',
            },
            'completeness_percent'
        ) }})
        || case metric
            when 'availability' then {{ steps_of_availability() }}
            when 'energy' then {{ steps_of_energy() }}
            when 'performance_ratio' then {{ steps_of_performance_ratio() }}
            when 'capacity_factor' then {{ steps_of_capacity_factor() }}
            when 'delay' then jsonb_build_array({{ step(
                'late_days', 'days after the promised day, up to the day of achievement', {}, 'actual'
            ) }})
            else '[]'
        end
        || jsonb_build_array({{ step(
            'shortfall', 'guaranteed - counted, not below zero',
            {'guaranteed': 'guaranteed', 'counted': 'counted', 'decimals': 'shortfall_decimals'},
            'exact_shortfall', 'shortfall'
        ) }})
        || case
            when ld_exact > 0
                then jsonb_build_array({{ step(
                    'damages',
                    "case ld_basis when 'flat' then 'rate' when 'price_difference' then 'units / step x max(alternate price - contract price, floor, 0)' else 'units / step x max(rate, floor)' end",
                    {
                        'units': 'ld_units', 'step': 'ld_step', 'rate': 'ld_rate', 'floor': 'ld_floor',
                        'alternate_price': 'ld_alternate_price', 'contract_price': 'ld_contract_price'
                    },
                    'ld_exact', rounded('ld_exact', 'money_decimals', 'rounding')
                ) }})
            else '[]'
        end as steps
    from numbers

),

final as (

    select
        {{ period_key() }},
        jsonb_build_object(
            'schema_version', 1,
            'rule_version', '{{ var("rule_version") }}',
            'outcome', outcome,
            'ld_exact', {{ plain('ld_exact') }},
            'policies', policies,
            'rounding', jsonb_build_object(
                'mode', rounding, 'money_decimals', money_decimals, 'shortfall_decimals', shortfall_decimals
            ),
            'steps', steps
        ) as calculation
    from explained

)

select * from final
