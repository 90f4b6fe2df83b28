{#- Words of ours as an array literal. -#}
{% macro text_array(words) -%}
    cast('{ {{- words | join(', ') -}} }' as text[])
{%- endmacro %}
