with

tests as (

    select
        *,
        extract(epoch from tested_at - last_good_at) as span_seconds
    from {{ source('core', 'meter_test') }}
    where is_current and not is_withdrawn

),

obligation_meters as (

    select distinct
        organization_id,
        obligation_id,
        meter_id
    from {{ source('core', 'obligation_meter') }}

),

terms as (

    select
        organization_id,
        obligation_id,
        case meter_error_lookback when 'half' then 0.5 else 0 end as untouched_share
    from {{ source('core', 'obligation') }}
    where meter_error_lookback <> 'none'

),

dated as (

    select
        obligation_meters.organization_id,
        obligation_meters.obligation_id,
        obligation_meters.meter_id,
        tests.error_share,
        tests.last_good_at + make_interval(secs => terms.untouched_share * tests.span_seconds) as wrong_from,
        tests.tested_at as wrong_until
    from tests
    inner join obligation_meters using (organization_id, meter_id)
    inner join terms using (organization_id, obligation_id)

),

-- of two tests that reach back to one good one, the earlier says more about the time before it
final as (

    select
        organization_id,
        obligation_id,
        meter_id,
        error_share,
        greatest(wrong_from, lag(wrong_until) over (
            partition by obligation_id, meter_id
            order by wrong_until
        )) as wrong_from,
        wrong_until
    from dated

)

select * from final
