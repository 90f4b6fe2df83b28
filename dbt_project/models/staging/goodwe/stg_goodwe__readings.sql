with

delivered as (

    select
        load_id,
        staged_on,
        row_number,
        external_site_id,
        coalesce(external_device_id, '') as external_device_id,
        interval_start,
        interval_seconds,
        energy,
        energy_unit,
        energy_total,
        energy_total_unit,
        power,
        power_unit,
        cast(null as double precision) as irradiance_wm2,
        cast(null as double precision) as temperature_c,
        quality,
        {{ safe_jsonb('other_metrics') }} as other_metrics,
        {{ safe_jsonb('unparsed') }} as unparsed
    from {{ source('raw', 'goodwe_reading') }}

),

final as (
    {{ conformed_readings('delivered') }}
)

select * from final
