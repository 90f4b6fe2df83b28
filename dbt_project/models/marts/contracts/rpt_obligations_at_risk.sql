with

running as (

    select
        *,
        cast(now() at time zone time_zone as date) as today_on
    from {{ ref('fct_obligation_periods') }}
    where outcome = 'running'

),

terms as (

    select
        organization_id,
        obligation_id,
        promised_on
    from {{ source('core', 'obligation') }}

),

-- energy is compared with the share of the guarantee that time has passed of, because seasons are not in the terms
so_far as (

    select
        running.*,
        case
            when isfinite(running.period_end_on)
                then
                    least(
                        1,
                        cast(running.today_on - running.period_start_on as numeric)
                        / (running.period_end_on - running.period_start_on + 1)
                    )
        end as elapsed_share,
        case
            when running.metric = 'delay'
                then
                    greatest(
                        0,
                        least(running.today_on, running.period_end_on)
                        - greatest(running.period_start_on - 1, terms.promised_on)
                    )
            else running.counted
        end as counted_so_far
    from running
    inner join terms using (organization_id, obligation_id)

),

compared as (

    select
        *,
        case metric when 'energy' then guaranteed * elapsed_share else guaranteed end as guaranteed_so_far,
        case
            when metric = 'delay' then counted_so_far
            when metric = 'energy' then greatest(0, guaranteed * elapsed_share - counted_so_far)
            else greatest(0, guaranteed - counted_so_far)
        end as shortfall_so_far
    from so_far

),

final as (

    select
        organization_id,
        project_id,
        project_name,
        contract_id,
        contract_number,
        contract_name,
        obligation_code,
        obligation_title,
        metric,
        period_type,
        period_start_on,
        nullif(period_end_on, 'infinity') as period_end_on,
        round(elapsed_share, 4) as elapsed_share,
        unit,
        guaranteed,
        guaranteed_so_far,
        counted_so_far,
        shortfall_so_far,
        coalesce(shortfall_so_far > 0, false) as is_at_risk,
        data_completeness_percent,
        case when metric <> 'energy' then ld_before_cap end as ld_so_far,
        currency_code,
        publication_id,
        is_final
    from compared

)

select * from final
