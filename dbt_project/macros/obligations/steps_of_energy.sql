{#- How an energy was counted against what was guaranteed, as JSON steps. -#}
{% macro steps_of_energy() -%}
    jsonb_build_array(
        {{ step(
            'actual_energy',
            'sum of energy at the boundary / 1000',
            {
                'energy_wh': 'energy_wh', 'of_that_substituted_wh': 'nullif(substituted_energy_wh, 0)',
                'of_that_meter_error_wh': 'nullif(correction_wh, 0)'
            },
            'actual'
        ) }},
        {{ step(
            'expected_energy',
            'base x (1 - degradation)^(year - 1), by days of each contract year',
            {'base_kwh': 'base_energy_kwh', 'degradation_per_year': 'degradation_per_year'},
            'expected',
            facts={'years': 'guaranteed_years'}
        ) }},
        {{ step(
            'guaranteed_energy', 'expected x guarantee / 100',
            {'expected_kwh': 'expected', 'guarantee_percent': 'guarantee'}, 'guaranteed'
        ) }},
        {{ step(
            'deemed_energy',
            "case deemed_method when 'interval' then 'reference energy / reference irradiation x curtailed irradiation' when 'monthly_ratio' then 'reference energy x mean curtailed irradiance / reference irradiance' when 'fixed' then 'energy of an interval x curtailed intervals' else 'none is deemed' end",
            {'curtailed_slots': 'deemed_slots'}, 'deemed', facts={'months': 'deemed_months'}
        ) }},
        {{ step('counted_energy', 'actual + deemed', {'actual_kwh': 'actual', 'deemed_kwh': 'deemed'}, 'counted') }}
    )
{%- endmacro %}
