{#- What all caps together leave for a claim, never rounded up; null where nothing bounds it. -#}
{% macro cap_left() -%}
    trunc(least(
        claims.period_cap
        {%- for level in cap_levels() -%}
        , claims.{{ level }}_cap - least(claims.{{ level }}_cap, {{ cap_used(level) }})
        {%- endfor -%}
    ), claims.money_decimals)
{%- endmacro %}
