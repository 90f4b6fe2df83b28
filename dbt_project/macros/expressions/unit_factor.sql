{#- What a number is multiplied with: the factor found for its unit; 1 where no unit, and so the canonical one, came. -#}
{% macro unit_factor(delivered, found) -%}
    case when {{ delivered }} is null or {{ unit_symbol(delivered) }} is null then 1 else {{ found }} end
{%- endmacro %}
