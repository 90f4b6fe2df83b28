{#- The amounts of selected readings as meter_reading holds them, a select list. -#}
{% macro stored_amounts() -%}
    {{ exact_numeric('energy_wh') }} as energy_wh,
    {{ exact_numeric('energy_total_wh') }} as energy_total_wh,
    {{ exact_numeric('power_w') }} as power_w,
    {{ exact_numeric('irradiance_wm2', 12) }} as irradiance_wm2,
    {{ exact_numeric('temperature_c', 12) }} as temperature_c
{%- endmacro %}
