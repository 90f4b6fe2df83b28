with

calendar as (

    select * from {{ source('core', 'obligation_calendar') }}

),

final as (

    select calendar.*
    from calendar
    left join {{ stored_obligation_periods() }} as stored
        on
            calendar.organization_id = stored.organization_id
            and calendar.contract_id = stored.contract_id
            and calendar.obligation_code = stored.obligation_code
            and calendar.period_start_on = stored.period_start_on
            and calendar.period_end_on = stored.period_end_on
            and stored.outcome <> 'running'
    where calendar.settles_at <= now() and stored.contract_id is null

)

select * from final
