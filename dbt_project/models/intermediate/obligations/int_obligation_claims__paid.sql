{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

claims as (

    select
        capped.*,
        terms.rounding,
        terms.fx_fixed_rate,
        versions.currency_code,
        coalesce(terms.payment_currency_code, versions.currency_code) as payment_currency_code,
        coalesce(terms.fx_rate_on, capped.period_end_on) as fx_rate_on
    from {{ ref('int_obligation_claims__capped') }} as capped
    inner join {{ source('core', 'obligation') }} as terms using (organization_id, obligation_id)
    inner join {{ source('core', 'contract_version') }} as versions
        on
            terms.organization_id = versions.organization_id
            and terms.contract_version_id = versions.contract_version_id

),

rates as (

    select
        organization_id,
        currency_code,
        rate_on,
        rate
    from {{ source('core', 'exchange_rate') }}

),

-- a rate is one of the very day; none is guessed from the days around it
rated as (

    select
        claims.*,
        case
            when claims.payment_currency_code = claims.currency_code then 1
            when claims.fx_fixed_rate is not null then claims.fx_fixed_rate
            else {{ ratio(
                "case when claims.payment_currency_code = 'USD' then 1 else payment_rates.rate end",
                "case when claims.currency_code = 'USD' then 1 else contract_rates.rate end"
            ) }}
        end as exact_rate
    from claims
    left join rates as payment_rates
        on
            claims.organization_id = payment_rates.organization_id
            and claims.payment_currency_code = payment_rates.currency_code
            and claims.fx_rate_on = payment_rates.rate_on
    left join rates as contract_rates
        on
            claims.organization_id = contract_rates.organization_id
            and claims.currency_code = contract_rates.currency_code
            and claims.fx_rate_on = contract_rates.rate_on

),

final as (

    select
        *,
        cast(exact_rate as numeric(20, 10)) as fx_rate,
        {{ rounded('ld_payable_exact * exact_rate', 'money_decimals', 'rounding') }} as payment_amount
    from rated

)

select * from final
