-- What is payable must not add up to more than any cap; where terms changed, than the largest that ever held.
with

contracts as (

    select distinct
        organization_id,
        contract_id
    from {{ ref('obligation_period') }}
    where publication_id = {{ open_publication_id() }}

),

claims as (

    select
        periods.*,
        core.operating_year(periods.period_end_on, versions.year_anchor_on) as cap_year,
        {{ cap('terms', 'cap_per_period') }} as period_cap,
        {{ cap('terms', 'cap_per_year') }} as year_cap,
        {{ cap('terms', 'cap_lifetime') }} as lifetime_cap,
        {{ cap('versions', 'cap_per_year') }} as contract_year_cap,
        {{ cap('versions', 'cap_lifetime') }} as contract_lifetime_cap
    from {{ ref('obligation_period') }} as periods
    inner join contracts using (organization_id, contract_id)
    inner join {{ source('core', 'obligation') }} as terms using (organization_id, obligation_id)
    inner join {{ source('core', 'contract_version') }} as versions
        on
            periods.organization_id = versions.organization_id
            and periods.contract_version_id = versions.contract_version_id
    where periods.ld_payable > 0

),

totals as (

    select
        *,
        sum(ld_payable) over (partition by organization_id, contract_id, obligation_code, cap_year) as year_total,
        sum(ld_payable) over (partition by organization_id, contract_id, obligation_code) as lifetime_total,
        sum(ld_payable) over (partition by organization_id, contract_id, cap_year) as contract_year_total,
        sum(ld_payable) over (partition by organization_id, contract_id) as contract_lifetime_total,
        max(year_cap) over (partition by organization_id, contract_id, obligation_code, cap_year) as largest_year_cap,
        max(lifetime_cap) over (partition by organization_id, contract_id, obligation_code) as largest_lifetime_cap,
        max(contract_year_cap) over (partition by organization_id, contract_id, cap_year) as largest_contract_year_cap,
        max(contract_lifetime_cap) over (partition by organization_id, contract_id) as largest_contract_cap,
        bool_or(year_cap is null) over (partition by organization_id, contract_id, obligation_code, cap_year)
            as is_year_free,
        bool_or(lifetime_cap is null) over (partition by organization_id, contract_id, obligation_code)
            as is_lifetime_free,
        bool_or(contract_year_cap is null) over (partition by organization_id, contract_id, cap_year)
            as is_contract_year_free,
        bool_or(contract_lifetime_cap is null) over (partition by organization_id, contract_id) as is_contract_free
    from claims

)

select
    {{ period_key() }},
    ld_payable
from totals
where
    ld_payable > ld_before_cap
    or ld_payable > coalesce(ld_cap, ld_payable)
    or ld_payable > coalesce(period_cap, ld_payable)
    or (not is_year_free and year_total > largest_year_cap)
    or (not is_lifetime_free and lifetime_total > largest_lifetime_cap)
    or (not is_contract_year_free and contract_year_total > largest_contract_year_cap)
    or (not is_contract_free and contract_lifetime_total > largest_contract_cap)
