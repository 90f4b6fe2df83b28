{#- The symbol under which core.unit knows a delivered unit; where none was delivered, null or the `canonical` one. -#}
{% macro unit_symbol(delivered, canonical=none) -%}
    {%- set symbol = "nullif(lower(btrim(" ~ delivered ~ ")), '')" -%}
    {{ "coalesce(" ~ symbol ~ ", '" ~ canonical ~ "')" if canonical else symbol }}
{%- endmacro %}
