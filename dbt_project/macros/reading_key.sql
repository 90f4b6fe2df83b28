{#- The natural key of a reading; two rows with one key compete for one slot. -#}
{% macro reading_key(instant='interval_start') -%}
    {{ return(['organization_id', 'meter_id', instant, 'reading_interval_seconds', 'source_system']) }}
{%- endmacro %}
