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
        cast(null as text) as energy_unit,
        cast(null as double precision) as energy_total,
        cast(null as text) as energy_total_unit,
        coalesce(power, energy * 3600 / nullif(interval_seconds, 0)) as power,
        cast(null as text) as power_unit,
        cast(null as double precision) as irradiance_wm2,
        cast(null as double precision) as temperature_c,
        quality,
        nullif(jsonb_strip_nulls(jsonb_build_object(
            'devices_reporting', devices_reporting,
            'total_devices', total_devices,
            'curr_w', {{ canonical_amount('current_power_w') }},
            'channel_wh', {{ safe_jsonb('channels') }},
            'import_wh', {{ canonical_amount('import_wh') }},
            'export_wh', {{ canonical_amount('export_wh') }},
            'consumption_wh', {{ canonical_amount('consumption_wh') }},
            'power_derived', case when power is null and energy is not null then true end
        )), '{}') as other_metrics,
        {{ safe_jsonb('unparsed') }} as unparsed
    from {{ source('raw', 'enphase_reading') }}

),

final as (
    {{ conformed_readings('delivered') }}
)

select * from final
