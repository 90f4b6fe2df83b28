{{ config(
    unique_key=['organization_id', 'contract_id', 'obligation_code', 'period_start_on', 'period_end_on'],
    meta={'bookkeeping': ['publication_id', 'assessed_at']}
) }}
{%- set parts = ['assessed', 'restated', 'voided'] %}

with

{% for part in parts -%}
{{ part }} as (

    select * from {{ ref('int_obligation_results__' ~ part) }}

),

{% endfor -%}

final as (

    {% for part in parts -%}
    select
        {%- for column, type in period_columns().items() %}
        cast({{ column }} as {{ type }}) as {{ column }},
        {%- endfor %}
        cast({{ open_publication_id() }} as bigint) as publication_id,
        now() as assessed_at
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
