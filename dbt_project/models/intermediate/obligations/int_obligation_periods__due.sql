with

calendar as (

    select * from {{ source('core', 'obligation_calendar') }}
    where settles_at <= now()

),

stored as (

    select * from {{ stored_obligation_periods() }}
    where outcome <> 'running'

),

rates as (

    select
        organization_id,
        currency_code,
        rate_on
    from {{ source('core', 'exchange_rate') }}

),

-- broken periods that could not be paid for want of an exchange rate, which has come since
payable as (

    select {{ period_key('stored') }}
    from stored
    inner join {{ source('core', 'obligation') }} as terms using (organization_id, obligation_id)
    left join rates as payment_rates
        on
            stored.organization_id = payment_rates.organization_id
            and stored.payment_currency_code = payment_rates.currency_code
            and coalesce(terms.fx_rate_on, stored.period_end_on) = payment_rates.rate_on
    left join rates as contract_rates
        on
            stored.organization_id = contract_rates.organization_id
            and stored.currency_code = contract_rates.currency_code
            and coalesce(terms.fx_rate_on, stored.period_end_on) = contract_rates.rate_on
    where
        stored.outcome = 'breached'
        and stored.ld_payable is not null
        and stored.payment_amount is null
        and (payment_rates.rate_on is not null or stored.payment_currency_code = 'USD')
        and (contract_rates.rate_on is not null or stored.currency_code = 'USD')

),

final as (

    select calendar.*
    from calendar
    left join stored using ({{ period_key() }})
    left join payable using ({{ period_key() }})
    where stored.obligation_id is null or payable.organization_id is not null

)

select * from final
