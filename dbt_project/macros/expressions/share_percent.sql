{#- A part of a whole, percent, within what the column holds. The whole itself, which most are, needs no division. -#}
{% macro share_percent(part, whole) -%}
    case
        when {{ part }} = {{ whole }} then cast(100 as numeric(7, 4))
        else cast(least(100 * cast({{ part }} as numeric) / {{ whole }}, 999) as numeric(7, 4))
    end
{%- endmacro %}
