{#- What a billing read says, as one row value; two deliveries with equal values are the same read. -#}
{% macro billing_values(relation) -%}
    (
        {{ relation }}.contract_line_id,
        {{ relation }}.meter_id,
        {{ relation }}.tariff_id,
        {{ relation }}.energy_category,
        {{ relation }}.currency_code,
        {{ relation }}.opening_reading_kwh,
        {{ relation }}.closing_reading_kwh,
        {{ relation }}.utilized_reading_kwh,
        {{ relation }}.discount_reading_kwh,
        {{ relation }}.sourced_energy_kwh,
        {{ relation }}.total_production_kwh,
        {{ relation }}.available_energy_kwh
    )
{%- endmacro %}
