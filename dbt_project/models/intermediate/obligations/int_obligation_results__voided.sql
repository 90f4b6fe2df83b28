{%- set changed = ['outcome', 'shortfall', 'ld_before_cap', 'ld_cap', 'ld_payable', 'payment_amount', 'calculation'] -%}

with

requests as (

    select distinct
        organization_id,
        contract_id
    from {{ source('ops', 'reassessment') }}
    where publication_id = {{ open_publication() }}

),

calendar as (

    select calendar.*
    from {{ source('core', 'obligation_calendar') }} as calendar
    inner join requests using (organization_id, contract_id)

),

-- periods that the terms do not know any more: nothing is owed for them, whatever was said before
final as (

    select
        {%- for column in period_columns() if column not in changed %}
        stored.{{ column }},
        {%- endfor %}
        'void' as outcome,
        cast(null as numeric) as shortfall,
        0 * stored.ld_before_cap as ld_before_cap,
        cast(null as numeric) as ld_cap,
        0 * stored.ld_payable as ld_payable,
        0 * stored.payment_amount as payment_amount,
        stored.calculation || '{"outcome": "void", "ld_exact": null}' as calculation
    from {{ stored_obligation_periods() }} as stored
    inner join requests using (organization_id, contract_id)
    left join calendar using ({{ period_key() }})
    where stored.outcome <> 'void' and calendar.obligation_id is null

)

select * from final
