{#- Of a load that was judged a moment ago, statistics may say that nothing was refused: the planner would then compare
each row with each refused one. -#}
{{ config(
    materialized='table', unlogged=true,
    pre_hook='set local enable_nestloop = off', post_hook='analyze {{ this }}'
) }}

with

judged as (

    select * from {{ source('raw', 'judged_reading') }}
    where {{ of_open_publication() }}

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
        judged.load_id,
        judged.row_number,
        judged.organization_id,
        judged.project_id,
        judged.meter_id,
        judged.source_system,
        judged.external_site_id,
        judged.external_device_id,
        judged.interval_start,
        judged.reading_interval_seconds,
        {{ exact_numeric('judged.energy_wh') }} as energy_wh,
        {{ exact_numeric('judged.energy_total_wh') }} as energy_total_wh,
        {{ exact_numeric('judged.power_w') }} as power_w,
        {{ exact_numeric('judged.irradiance_wm2', 12) }} as irradiance_wm2,
        {{ exact_numeric('judged.temperature_c', 12) }} as temperature_c,
        judged.other_metrics,
        judged.quality,
        judged.quality_rank,
        case
            when judged.energy_total_wh is not null then {{ exact_numeric('least(judged.energy_limit_wh, 9e12)') }}
        end as energy_limit_wh,
        judged.received_at,
        judged.duplicate_rank > 1 as is_repeated,
        -- at the edge of a retired month a local day cannot be summed any more, though half of it is here
        case
            when judged.interval_start < (select max(retired_months.month_end) + interval '2 days' from retired_months)
                then exists (
                    select 1
                    from retired_months
                    where
                        retired_months.month_end > date_trunc('day', judged.interval_start, judged.time_zone)
                        and retired_months.month_start < {{ period_end(
                            "date_trunc('day', judged.interval_start, judged.time_zone)", 'judged.time_zone', '1 day'
                        ) }}
                )
            else false
        end as is_late
    from judged
    left join refused on judged.load_id = refused.load_id and judged.row_number = refused.row_number
    where
        refused.load_id is null
        and judged.meter_id is not null
        and judged.interval_start is not null
        and judged.reading_interval_seconds is not null
        and judged.quality is not null

)

select * from final
