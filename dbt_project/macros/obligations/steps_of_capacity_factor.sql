{#- How a capacity factor came about, as JSON steps. -#}
{% macro steps_of_capacity_factor() -%}
    jsonb_build_array(
        {{ step(
            'running_hours',
            "case when missing_policy = 'unavailable' then 'hours - excused' else 'hours - excused - no_data' end",
            {'hours': 'hours', 'excused': 'plant_excused_hours', 'no_data': 'plant_no_data_hours'},
            'running_hours'
        ) }},
        {{ step(
            'expected_energy', 'capacity x running hours x efficiency',
            {
                'capacity_ac_kw': 'capacity_ac_kw', 'running_hours': 'running_hours',
                'efficiency_factor': 'efficiency_factor'
            },
            'reference_energy_kwh'
        ) }},
        {{ step(
            'capacity_factor', '100 x energy / expected energy',
            {'energy_kwh': 'energy_kwh', 'expected_kwh': 'reference_energy_kwh'}, 'actual', 'round(actual, 4)'
        ) }}
    )
{%- endmacro %}
