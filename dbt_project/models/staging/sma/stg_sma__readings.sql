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
        energy_wh as energy,
        cast(null as text) as energy_unit,
        cast(null as double precision) as energy_total,
        cast(null as text) as energy_total_unit,
        power_w as power,
        cast(null as text) as power_unit,
        irradiance_wm2,
        temperature_c,
        quality,
        {{ safe_jsonb('other_metrics') }} as other_metrics,
        {{ safe_jsonb('unparsed') }} as unparsed
    from {{ source('raw', 'sma_reading') }}

),

final as (
    {{ conformed_readings('delivered') }}
)

select * from final
