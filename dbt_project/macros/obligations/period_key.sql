{#- What identifies a period of a promise, as a column list; a promise has one result for each. -#}
{% macro period_key(relation='') -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for column in ['organization_id', 'contract_id', 'obligation_code', 'period_start_on', 'period_end_on'] %}
    {{ prefix }}{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
