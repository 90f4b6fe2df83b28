{#- How an availability came about, as JSON steps. -#}
{% macro steps_of_availability() -%}
    jsonb_build_array(
        {{ step(
            'hours_expected',
            "case when excused_method = 'credit' then 'produced + not_producing + excused' else 'produced + not_producing' end || case when missing_policy in ('available', 'unavailable') then ' + no_data' else '' end",
            {
                'produced': 'produced_hours', 'not_producing': 'not_producing_hours', 'excused': 'excused_hours',
                'no_data': 'no_data_hours', 'maintenance_beyond_allowance': 'nullif(exceeding_maintenance_hours, 0)'
            },
            'hours_expected'
        ) }},
        {{ step(
            'hours_available',
            "case when excused_method = 'credit' then 'produced + excused' else 'produced' end || case when missing_policy = 'available' then ' + no_data' else '' end",
            {'produced': 'produced_hours', 'excused': 'excused_hours', 'no_data': 'no_data_hours'},
            'hours_available'
        ) }},
        {{ step(
            'raw_availability',
            '100 x raw_hours_available / raw_hours_expected',
            {'raw_hours_available': 'raw_hours_available', 'raw_hours_expected': 'raw_hours_expected'},
            'raw_percent'
        ) }},
        {{ step(
            'availability',
            "case weighting when 'time' then '100 x hours_available / hours_expected' when 'capacity' then 'sum(capacity x availability) / sum(capacity)' when 'irradiance' then '100 x irradiation_available / irradiation_expected' else '100 x energy / (energy + lost)' end",
            {
                'hours_available': "case when weighting = 'time' then hours_available end",
                'hours_expected': "case when weighting = 'time' then hours_expected end",
                'sum_of_weighted_percent': "case when weighting = 'capacity' then weighted_percent end",
                'sum_of_weights': "case when weighting = 'capacity' then weight end",
                'irradiation_available_wh_m2': "case when weighting = 'irradiance' then irradiation_available end",
                'irradiation_expected_wh_m2': "case when weighting = 'irradiance' then irradiation_expected end",
                'energy_kwh': "case when weighting = 'energy' then energy_kwh end",
                'lost_kwh': "case when weighting = 'energy' then lost_energy_kwh end",
                'excused_kwh':
                    "case when weighting = 'energy' and excused_method = 'credit' then excused_lost_energy_kwh end"
            },
            'availability_percent'
        ) }}
    )
{%- endmacro %}
