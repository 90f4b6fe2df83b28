{#- What a period of a meter is by its contract: the columns that meter_aggregate has from obligations. -#}
{% macro assessed_columns() -%}
    {{ return([
        'hours_available', 'hours_expected', 'availability_percent', 'raw_availability_percent',
        'energy_availability_percent', 'irradiance_availability_percent', 'excused_hours', 'no_data_hours',
        'lost_energy_kwh', 'poa_irradiation_wh_m2', 'performance_ratio', 'corrected_performance_ratio'
    ]) }}
{%- endmacro %}
