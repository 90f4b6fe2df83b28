{%- set money = [
    'ld_before_cap', 'ld_cap', 'ld_payable', 'currency_code', 'payment_amount', 'payment_currency_code', 'fx_rate'
] -%}

with

claims as (

    select * from {{ ref('int_obligation_claims__paid') }}

),

-- broken periods that are not assessed now, with what earlier ones leave of their caps
final as (

    select
        {%- for column in period_columns() if column not in money + ['calculation'] %}
        stored.{{ column }},
        {%- endfor %}
        {%- for column in money %}
        claims.{{ column }},
        {%- endfor %}
        jsonb_set(
            stored.calculation,
            '{steps}',
            jsonb_path_query_array(
                stored.calculation -> 'steps',
                '$[*] ? (@.name != "cap" && @.name != "payable" && @.name != "payment")'
            ) || {{ steps_of_money('claims') }}
        ) as calculation
    from {{ stored_obligation_periods() }} as stored
    inner join claims using ({{ period_key() }})
    where not claims.is_touched

)

select * from final
