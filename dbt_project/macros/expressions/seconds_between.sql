{#- Whole seconds from one instant to another, exact. -#}
{% macro seconds_between(earlier, later) -%}
    cast(extract(epoch from {{ later }} - {{ earlier }}) as bigint)
{%- endmacro %}
