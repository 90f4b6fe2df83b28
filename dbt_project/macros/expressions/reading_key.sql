{#- The natural key of a reading as a column list; rows with one key compete for one slot. -#}
{% macro reading_key(ending='') -%}
    organization_id{{ ending }},
    meter_id{{ ending }},
    interval_start{{ ending }},
    reading_interval_seconds{{ ending }},
    source_system{{ ending }}
{%- endmacro %}
