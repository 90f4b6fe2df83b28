{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

hours as (

    select * from {{ ref('int_hours__measured') }}

),

meters as (

    select * from {{ source('core', 'meter') }}

),

candidates as (

    select
        publication_id,
        organization_id,
        project_id,
        meter_id,
        time_zone,
        month_start,
        day_start,
        day_end,
        source_system,
        reading_interval_seconds,
        sum(energy_wh) as energy_wh,
        cast(sum(measured_count) as bigint) as measured_count,
        cast(sum(estimated_count) as bigint) as estimated_count,
        sum(measured_energy_count) * reading_interval_seconds as measured_energy_seconds,
        sum(energy_count) * reading_interval_seconds as energy_seconds,
        sum(measured_count) * reading_interval_seconds as measured_seconds
    from hours
    group by
        publication_id,
        organization_id,
        project_id,
        meter_id,
        time_zone,
        month_start,
        day_start,
        day_end,
        source_system,
        reading_interval_seconds

),

final as (

    select distinct on (candidates.organization_id, candidates.meter_id, candidates.day_start) candidates.*
    from candidates
    inner join meters using (organization_id, meter_id)
    order by
        candidates.organization_id asc,
        candidates.meter_id asc,
        candidates.day_start asc,
        {{ authoritative_series('candidates', 'meters') }}

)

select * from final
