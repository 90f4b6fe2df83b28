{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

staged as (

    select * from {{ ref('int_readings__unified') }}
    where staged_on in ({{ open_publication_days() }})

),

members as (

    select
        publication_id,
        load_id
    from {{ source('ops', 'publication_load') }}
    where publication_id = {{ open_publication_id() }}

),

refused as (

    select
        load_id,
        row_number
    from {{ source('quarantine', 'rejected_row') }}
    where status = 'open'

),

retired_months as (

    select month_start from {{ source('ops', 'retired_month') }}

),

final as (

    select
        members.publication_id,
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
        staged.energy_wh,
        staged.energy_total_wh,
        staged.power_w,
        staged.irradiance_wm2,
        staged.temperature_c,
        staged.other_metrics,
        staged.quality,
        staged.quality_rank,
        staged.energy_limit_wh,
        staged.received_at,
        retired_months.month_start is not null as is_late
    from staged
    inner join members on staged.load_id = members.load_id
    left join refused on staged.load_id = refused.load_id and staged.row_number = refused.row_number
    left join retired_months
        on cast(date_trunc('month', staged.interval_start at time zone 'UTC') as date) = retired_months.month_start
    where
        refused.load_id is null
        and staged.meter_id is not null
        and staged.interval_start is not null
        and staged.reading_interval_seconds is not null
        and staged.quality is not null

)

select * from final
