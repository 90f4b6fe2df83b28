{#- A cap that is an amount, a share of the annual fee, or both: then the smaller one. -#}
{% macro cap(terms, name) -%}
    least({{ terms }}.{{ name }}, {{ terms }}.{{ name }}_fee_share * versions.annual_fee)
{%- endmacro %}
