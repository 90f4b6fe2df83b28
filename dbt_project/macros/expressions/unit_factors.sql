{#- What a delivered number is multiplied with. -#}
{% macro unit_factors() %}
    select
        symbol,
        quantity,
        cast(factor as double precision) as factor
    from {{ source('core', 'unit') }}
{% endmacro %}
