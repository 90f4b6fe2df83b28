{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

staged as (

    select * from {{ ref('int_readings__unified') }}
    where {{ of_open_publication() }}
    -- a fence: to look first for rows that have a meter, the planner would go through all rows once a meter
    offset 0  -- noqa: AM09

),

refused as (

    select
        load_id,
        row_number
    from {{ source('quarantine', 'rejected_row') }}
    where status = 'open'

),

retired_months as (

    select
        cast(month_start as timestamp) at time zone 'UTC' as month_start,
        cast(month_start + interval '1 month' as timestamp) at time zone 'UTC' as month_end
    from {{ source('ops', 'retired_month') }}

),

final as (

    select
        cast({{ open_publication_id() }} as bigint) as publication_id,
        staged.load_id,
        staged.row_number,
        staged.organization_id,
        staged.project_id,
        staged.meter_id,
        staged.source_system,
        staged.external_site_id,
        staged.external_device_id,
        staged.interval_start,
        staged.reading_interval_seconds,
        cast(staged.energy_wh as numeric(20, 6)) as energy_wh,
        cast(staged.energy_total_wh as numeric(20, 6)) as energy_total_wh,
        cast(staged.power_w as numeric(20, 6)) as power_w,
        cast(staged.irradiance_wm2 as numeric(12, 6)) as irradiance_wm2,
        cast(staged.temperature_c as numeric(12, 6)) as temperature_c,
        staged.other_metrics,
        staged.quality,
        staged.quality_rank,
        case
            when staged.energy_total_wh is not null then cast(least(staged.energy_limit_wh, 9e12) as numeric(20, 6))
        end as energy_limit_wh,
        staged.received_at,
        -- at the edge of a retired month a local day cannot be summed any more, though half of it is here
        case
            when staged.interval_start < (select max(retired_months.month_end) + interval '2 days' from retired_months)
                then exists (
                    select 1
                    from retired_months
                    where
                        retired_months.month_end > date_trunc('day', staged.interval_start, staged.time_zone)
                        and retired_months.month_start < {{ period_end(
                            "date_trunc('day', staged.interval_start, staged.time_zone)", 'staged.time_zone', '1 day'
                        ) }}
                )
            else false
        end as is_late
    from staged
    left join refused on staged.load_id = refused.load_id and staged.row_number = refused.row_number
    where
        refused.load_id is null
        and staged.meter_id is not null
        and staged.interval_start is not null
        and staged.reading_interval_seconds is not null
        and staged.quality is not null

)

select * from final
