{#- A part of a whole, percent, within what the column holds. -#}
{% macro share_percent(part, whole) -%}
    cast(least(100 * cast({{ part }} as numeric) / {{ whole }}, 999) as numeric(7, 4))
{%- endmacro %}
