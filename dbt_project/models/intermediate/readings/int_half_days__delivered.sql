{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

accepted as (

    select * from {{ ref('int_readings__accepted') }}

),

final as (

    select
        publication_id,
        organization_id,
        project_id,
        meter_id,
        {{ half_day('interval_start') }} as half_day,
        min(interval_start) as first_start,
        max(interval_start) as last_start,
        min(load_id) <> max(load_id) as is_shared
    from accepted
    group by publication_id, organization_id, project_id, meter_id, {{ half_day('interval_start') }}

)

select * from final
