{#- What bounds a claim beside its period, and what is used up together with it: a key for all claims that share it. -#}
{% macro cap_levels() -%}
    {{ return({
        'year': "claims.obligation_code || '/' || claims.cap_year",
        'lifetime': 'claims.obligation_code',
        'contract_year': "'/' || claims.cap_year",
        'contract_lifetime': "'/'"
    }) }}
{%- endmacro %}
