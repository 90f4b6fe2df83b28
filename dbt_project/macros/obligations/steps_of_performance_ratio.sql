{#- How a performance ratio came about, as JSON steps. -#}
{% macro steps_of_performance_ratio() -%}
    jsonb_build_array(
        {{ step(
            'reference_yield',
            "case when is_temperature_corrected then 'sum(irradiance / 1000 x hours x (1 + coefficient x (module temperature - reference)))' else 'sum(irradiance / 1000 x hours)' end",
            {
                'coefficient_per_c': 'case when is_temperature_corrected then temperature_coefficient_per_c end',
                'reference_c': 'case when is_temperature_corrected then reference_temperature_c end'
            },
            'case when is_temperature_corrected then corrected_reference_yield_hours else reference_yield_hours end',
            'round(case when is_temperature_corrected then corrected_reference_yield_hours else reference_yield_hours end, 6)'
        ) }},
        {{ step(
            'performance_ratio', 'energy / capacity / reference yield',
            {'energy_kwh': 'ratio_energy_wh / 1000', 'capacity_kwp': 'capacity_kwp'}, 'actual', 'round(actual, 6)'
        ) }},
        {{ step(
            'guaranteed_ratio', 'guarantee x (1 - degradation)^(year - 1)',
            {
                'guarantee': 'guarantee', 'degradation_per_year': 'degradation_per_year', 'year': 'operating_year'
            },
            'guaranteed', 'round(guaranteed, 6)'
        ) }}
    )
{%- endmacro %}
