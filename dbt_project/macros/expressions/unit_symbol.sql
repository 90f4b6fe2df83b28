{#- The symbol under which core.unit knows a delivered unit; a unit that was not delivered is the canonical one. -#}
{% macro unit_symbol(delivered, canonical) -%}
    coalesce(nullif(lower(btrim({{ delivered }})), ''), '{{ canonical }}')
{%- endmacro %}
