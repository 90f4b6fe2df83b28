with

delivered as (

    select
        publication_id,
        load_id,
        row_number,
        organization_id,
        project_id,
        meter_id,
        source_system,
        external_site_id,
        external_device_id,
        interval_start,
        reading_interval_seconds,
        energy_wh,
        energy_total_wh,
        power_w,
        irradiance_wm2,
        temperature_c,
        other_metrics,
        quality,
        quality_rank,
        received_at,
        is_repeated
    from {{ ref('int_readings__selected') }}
    where not is_late and (energy_wh is not null or energy_total_wh is null)

),

differenced as (

    select * from {{ ref('int_registers__differenced') }}

),

final as (

    select * from delivered
    union all
    select * from differenced

)

select * from final
