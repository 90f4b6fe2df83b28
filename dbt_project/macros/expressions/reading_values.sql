{#- What a reading says, as one row value; two deliveries with equal values are the same reading. -#}
{% macro reading_values(relation) -%}
    (
        {{ relation }}.energy_wh,
        {{ relation }}.energy_total_wh,
        {{ relation }}.power_w,
        {{ relation }}.irradiance_wm2,
        {{ relation }}.temperature_c,
        {{ relation }}.other_metrics,
        {{ relation }}.quality
    )
{%- endmacro %}
