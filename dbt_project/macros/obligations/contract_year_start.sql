{#- The first day of the nth contract year. -#}
{% macro contract_year_start(year, year_anchor_on) -%}
    cast({{ year_anchor_on }} + ({{ year }} - 1) * interval '1 year' as date)
{%- endmacro %}
