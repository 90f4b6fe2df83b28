{#- What a slot can be for an obligation; each slot is exactly one of them. -#}
{% macro slot_categories() -%}
    {{ return(['produced', 'not_producing', 'excused', 'no_data', 'out_of_specification']) }}
{%- endmacro %}
