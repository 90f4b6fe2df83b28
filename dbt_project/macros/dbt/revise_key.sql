{#- A key column of one relation as `revise` compares it. -#}
{% macro revise_key(relation, column, nullable) -%}
    {%- set name = relation ~ '.' ~ adapter.quote(column) -%}
    {{ return('coalesce(' ~ name ~ ', 0)' if column in nullable else name) }}
{%- endmacro %}
