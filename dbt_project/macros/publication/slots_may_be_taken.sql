{#- Whether meter_reading may hold a reading in a slot for which the open publication brings one. -#}
{% macro slots_may_be_taken() -%}
    {{ return(holds_touched_days(
        stored_readings(), '"timestamp"', condition=publication_time_ranges('stored."timestamp"')
    )) }}
{%- endmacro %}
