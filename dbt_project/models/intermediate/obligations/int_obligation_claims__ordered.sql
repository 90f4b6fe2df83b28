with

assessed as (

    select
        touched.obligation_id,
        touched.contract_version_id,
        assessed.*
    from {{ ref('int_obligation_periods__assessed') }} as assessed
    inner join {{ ref('int_obligation_periods__touched') }} as touched using ({{ period_key() }})

),

voided as (

    select * from {{ ref('int_obligation_results__voided') }}

),

contracts as (

    select
        organization_id,
        contract_id
    from assessed

    union

    select
        organization_id,
        contract_id
    from voided

),

-- caps are used up by every broken period of a contract, those that are not assessed now as well
claims as (

    select
        {{ period_key() }},
        obligation_id,
        contract_version_id,
        ld_exact,
        true as is_touched
    from assessed
    where outcome = 'breached' and ld_exact > 0

    union all

    select
        {{ period_key('stored') }},
        stored.obligation_id,
        stored.contract_version_id,
        cast(stored.calculation ->> 'ld_exact' as numeric) as ld_exact,
        false as is_touched
    from {{ stored_obligation_periods() }} as stored
    inner join contracts using (organization_id, contract_id)
    left join assessed using ({{ period_key() }})
    left join voided using ({{ period_key() }})
    where
        stored.outcome = 'breached'
        and stored.ld_before_cap > 0
        and assessed.obligation_id is null
        and voided.obligation_id is null

),

final as (

    select
        {{ period_key('claims') }},
        claims.is_touched,
        claims.obligation_id,
        claims.ld_exact,
        {{ rounded('claims.ld_exact', 'terms.money_decimals', 'terms.rounding') }} as ld_before_cap,
        terms.money_decimals,
        -- damages arise when a period ends
        core.operating_year(claims.period_end_on, versions.year_anchor_on) as cap_year,
        {{ cap('terms', 'cap_per_period') }} as period_cap,
        {{ cap('terms', 'cap_per_year') }} as year_cap,
        {{ cap('terms', 'cap_lifetime') }} as lifetime_cap,
        {{ cap('versions', 'cap_per_year') }} as contract_year_cap,
        {{ cap('versions', 'cap_lifetime') }} as contract_lifetime_cap,
        row_number() over (
            partition by claims.organization_id, claims.contract_id
            order by claims.period_end_on, claims.period_start_on, claims.obligation_code
        ) as place
    from claims
    inner join {{ source('core', 'obligation') }} as terms using (organization_id, obligation_id)
    inner join {{ source('core', 'contract_version') }} as versions
        on
            claims.organization_id = versions.organization_id
            and claims.contract_version_id = versions.contract_version_id

)

select * from final
