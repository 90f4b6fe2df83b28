{#- An instant as text in UTC, `2026-06-01T10:00:00Z`; seconds are whole. -#}
{% macro utc_text(instant) -%}
    to_char({{ instant }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
{%- endmacro %}
