{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

calendar as (

    select * from {{ source('core', 'obligation_calendar') }}

),

-- nothing is claimed of days to come
final as (

    select
        organization_id,
        project_id,
        contract_id,
        obligation_id,
        metric,
        time_zone,
        period_start_on,
        least(period_end_on, cast(now() at time zone time_zone as date)) as period_end_on
    from calendar
    where metric <> 'delay'

)

select * from final
