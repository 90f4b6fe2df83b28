{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

calendar as (

    select * from {{ source('core', 'obligation_calendar') }}

),

terms as (

    select
        obligations.organization_id,
        obligations.contract_id,
        obligations.obligation_id,
        obligations.obligation_code,
        obligations.maintenance_hours_per_year,
        obligations.deemed_method,
        versions.year_anchor_on
    from {{ source('core', 'obligation') }} as obligations
    inner join {{ source('core', 'contract_version') }} as versions using (organization_id, contract_version_id)

),

written_days as (

    select distinct
        organization_id,
        obligation_id,
        day_on
    from {{ ref('obligation_day') }}
    where publication_id = {{ open_publication_id() }}

),

requests as (

    select * from {{ source('ops', 'reassessment') }}
    where publication_id = {{ open_publication_id() }}

),

changes as (

    select
        terms.organization_id,
        terms.contract_id,
        terms.obligation_code,
        written_days.day_on as from_on,
        {{ changed_until('written_days.day_on', 'terms') }} as to_on
    from written_days
    inner join terms using (organization_id, obligation_id)

    union

    select
        terms.organization_id,
        terms.contract_id,
        terms.obligation_code,
        requests.from_on,
        {{ changed_until('requests.to_on', 'terms') }} as to_on
    from requests
    inner join terms using (organization_id, contract_id)

    union

    select
        organization_id,
        contract_id,
        obligation_code,
        period_start_on as from_on,
        period_start_on as to_on
    from {{ ref('int_obligation_periods__due') }}

),

final as (

    select
        calendar.*,
        calendar.settles_at <= now() as is_settled
    from calendar
    where
        exists (
            select 1
            from changes
            where
                changes.organization_id = calendar.organization_id
                and changes.contract_id = calendar.contract_id
                and changes.obligation_code = calendar.obligation_code
                and changes.from_on <= calendar.period_end_on
                and changes.to_on >= calendar.period_start_on
        )

)

select * from final
