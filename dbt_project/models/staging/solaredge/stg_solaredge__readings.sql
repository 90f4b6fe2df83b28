with

units as materialized (
    {{ unit_factors() }}
),

delivered as (

    select
        readings.load_id,
        readings.staged_on,
        readings.row_number,
        readings.external_site_id,
        coalesce(readings.external_device_id, '') as external_device_id,
        readings.interval_start,
        readings.interval_seconds,
        readings.energy,
        readings.energy_unit,
        readings.energy_total,
        readings.energy_total_unit,
        readings.power,
        readings.power_unit,
        cast(null as double precision) as irradiance_wm2,
        cast(null as double precision) as temperature_c,
        readings.quality,
        case
            when
                num_nonnulls(
                    readings.voltage_v, readings.current_a, readings.frequency_hz, readings.import_energy,
                    readings.export_energy, readings.consumption_energy, readings.state_of_energy_percent,
                    readings.import_energy_total, readings.export_energy_total, readings.consumption_energy_total,
                    readings.inverter_temperature_c, readings.is_dst_ambiguous
                ) > 0
                then jsonb_strip_nulls(jsonb_build_object(
                    'voltage_v', {{ canonical_amount('readings.voltage_v') }},
                    'current_a', {{ canonical_amount('readings.current_a') }},
                    'frequency_hz', {{ canonical_amount('readings.frequency_hz') }},
                    'import_wh', {{ canonical_amount('readings.import_energy', 'units.factor') }},
                    'export_wh', {{ canonical_amount('readings.export_energy', 'units.factor') }},
                    'consumption_wh', {{ canonical_amount('readings.consumption_energy', 'units.factor') }},
                    'soe_pct', {{ canonical_amount('readings.state_of_energy_percent') }},
                    'import_total_wh', {{ canonical_amount('readings.import_energy_total', 'units.factor') }},
                    'export_total_wh', {{ canonical_amount('readings.export_energy_total', 'units.factor') }},
                    'consumption_total_wh', {{ canonical_amount('readings.consumption_energy_total', 'units.factor') }},
                    'inverter_temperature_c', {{ canonical_amount('readings.inverter_temperature_c') }},
                    'dst_ambiguous', readings.is_dst_ambiguous
                ))
        end as other_metrics,
        {{ safe_jsonb('readings.unparsed') }} as unparsed
    from {{ source('raw', 'solaredge_reading') }} as readings
    left join units
        on units.quantity = 'energy' and units.symbol = {{ unit_symbol('readings.meter_energy_unit', 'wh') }}

),

final as (
    {{ conformed_readings('delivered') }}
)

select * from final
