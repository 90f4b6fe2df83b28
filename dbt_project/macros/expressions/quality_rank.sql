{#- Who wins a slot: measured before estimated before missing. -#}
{% macro quality_rank(quality) -%}
    case {{ quality }} when 'measured' then 1 when 'estimated' then 2 when 'missing' then 3 end
{%- endmacro %}
