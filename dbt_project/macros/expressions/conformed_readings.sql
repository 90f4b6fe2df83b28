{#-
The select that every staging model of readings ends with: canonical units, our meters, and what judging looks at.

`delivered` is a CTE with one row per raw row and the columns load_id, staged_on, row_number, external_site_id,
external_device_id, interval_start, interval_seconds, energy, energy_unit, energy_total, energy_total_unit, power,
power_unit (numbers as delivered, double precision), irradiance_wm2, temperature_c, quality, other_metrics (jsonb) and
unparsed (jsonb; per column the `code` and `text` of a cell that could not be read).
-#}
{% macro conformed_readings(delivered) %}
    with

    units as materialized (
        {{ unit_factors() }}
    ),

    devices as materialized (
        {{ capacity_bounds() }}
    ),

    placed as (

        select
            delivered.*,
            loads.organization_id,
            loads.source_system,
            loads.received_at,
            loads.grid_offsets,
            devices.project_id,
            devices.meter_id,
            devices.time_zone,
            devices.latitude,
            devices.longitude,
            coalesce(devices.limit_w, 1.2 * {{ var('unknown_capacity_w') }}) as limit_w,
            coalesce(devices.floor_w, -0.01 * {{ var('unknown_capacity_w') }}) as floor_w,
            coalesce(devices.limit_wh_per_second, 1.2 * {{ var('unknown_capacity_w') }} / 3600) as limit_wh_per_second,
            coalesce(devices.floor_wh_per_second, -0.01 * {{ var('unknown_capacity_w') }} / 3600) as floor_wh_per_second,
            energy_units.factor as energy_factor,
            total_units.factor as energy_total_factor,
            power_units.factor as power_factor
        from {{ delivered }} as delivered
        inner join {{ source('ops', 'ingestion_log') }} as loads on delivered.load_id = loads.load_id
        left join devices
            on
                loads.organization_id = devices.organization_id
                and loads.source_system = devices.source_system
                and delivered.external_site_id = devices.external_site_id
                and delivered.external_device_id = devices.external_device_id
        left join units as energy_units
            on
                energy_units.quantity = 'energy'
                and {{ unit_symbol('delivered.energy_unit', 'wh') }} = energy_units.symbol
        left join units as total_units
            on
                total_units.quantity = 'energy'
                and {{ unit_symbol('delivered.energy_total_unit', 'wh') }} = total_units.symbol
        left join units as power_units
            on
                power_units.quantity = 'power'
                and {{ unit_symbol('delivered.power_unit', 'w') }} = power_units.symbol

    ),

    converted as (

        select
            *,
            {{ canonical_amount('energy', 'energy_factor') }} as energy_amount_wh,
            {{ canonical_amount('energy_total', 'energy_total_factor') }} as energy_total_amount_wh,
            {{ canonical_amount('power', 'power_factor') }} as power_amount_w,
            {{ canonical_amount('irradiance_wm2', largest='999999') }} as irradiance_amount_wm2,
            {{ canonical_amount('temperature_c', largest='999999') }} as temperature_amount_c,
            case when isfinite(interval_start) then interval_start end as starts_at,
            case when interval_seconds > 0 and 86400 % nullif(interval_seconds, 0) = 0 then interval_seconds end as seconds,
            num_nonnulls(energy, energy_total, power, irradiance_wm2, temperature_c, other_metrics) as metric_count
        from placed

    ),

    graded as (

        select
            *,
            {{ canonical_quality('quality', 'metric_count') }} as delivered_quality,
            energy is null and energy_total is null and power_amount_w is not null and seconds is not null as is_from_power,
            {{ grid_offset('starts_at', 'seconds') }} as grid_offset_s,
            {{ expected_grid_offset('grid_offsets', 'external_site_id', 'external_device_id') }} as expected_grid_offset_s
        from converted

    ),

    final as (

        select
            -- identity
            load_id,
            staged_on,
            row_number,
            organization_id,
            source_system,
            external_site_id,
            external_device_id,
            project_id,
            meter_id,
            time_zone,
            latitude,
            longitude,

            -- measure
            starts_at as interval_start,
            seconds as reading_interval_seconds,
            cast(
                case when is_from_power then power_amount_w * seconds / 3600 else energy_amount_wh end as numeric(20, 6)
            ) as energy_wh,
            cast(energy_total_amount_wh as numeric(20, 6)) as energy_total_wh,
            cast(power_amount_w as numeric(20, 6)) as power_w,
            cast(irradiance_amount_wm2 as numeric(12, 6)) as irradiance_wm2,
            cast(temperature_amount_c as numeric(12, 6)) as temperature_c,
            case
                when is_from_power then coalesce(other_metrics, '{}') || '{"energy_basis": "power"}'
                else other_metrics
            end as other_metrics,
            case when is_from_power and delivered_quality = 'measured' then 'estimated' else delivered_quality end as quality,
            case
                when is_from_power and delivered_quality = 'measured' then 2
                else {{ quality_rank('delivered_quality') }}
            end as quality_rank,
            received_at,

            -- judging
            unparsed,
            case
                when starts_at is null
                    then coalesce(
                        {{ flaw('unparsed', 'R10%', 'code') }},
                        case when interval_start is null then 'R101_TS_MISSING' else 'R102_TS_FORMAT' end
                    )
            end as timestamp_code,
            {{ flawed_columns('unparsed', 'R201_NOT_NUMERIC') }} as not_numeric_columns,
            nullif(concat_ws(
                ',',
                {{ flawed_columns('unparsed', 'R202_NOT_FINITE') }},
                {%- for column in ['energy', 'power', 'irradiance_wm2', 'temperature_c'] %}
                case when {{ column }} in ('-infinity', 'infinity', 'nan') then '{{ column }}' end,
                {%- endfor %}
                case when abs(energy_total) >= 1e13 / energy_total_factor then 'energy_total' end
            ), '') as not_finite_columns,
            nullif(concat_ws(
                ',',
                {{ flawed_columns('unparsed', 'R204_TEXT') }},
                case when other_metrics -> 'row' ->> 'code' = 'R204_TEXT' then 'other_metrics' end
            ), '') as text_problem_columns,
            case
                when unparsed -> 'row' ->> 'code' = 'R203_FIELD_COUNT' then unparsed -> 'row' ->> 'text'
            end as field_count_problem,
            case
                when seconds is null
                    then coalesce({{ flaw('unparsed', 'R504%', 'text') }}, cast(interval_seconds as text), '')
            end as interval_problem,
            case
                when energy is not null and energy_factor is null then energy_unit
                when energy_total is not null and energy_total_factor is null then energy_total_unit
                when power is not null and power_factor is null then power_unit
                when unparsed is not null then {{ flaw('unparsed', 'R205%', 'text') }}
            end as unknown_unit,
            case
                when seconds is not null
                    then cast(greatest(floor_wh_per_second * seconds, -9e12) as numeric(20, 6))
            end as energy_floor_wh,
            case
                when seconds is not null then cast(least(limit_wh_per_second * seconds, 9e12) as numeric(20, 6))
            end as energy_limit_wh,
            floor_w as power_floor_w,
            limit_w as power_limit_w,
            metric_count,
            {{ energy_power_gap('energy_amount_wh', 'power_amount_w * seconds / 3600', '10') }}
            as energy_power_gap_percent,
            case
                when grid_offset_s <> expected_grid_offset_s
                    then format('starts %s s after a grid point, expected %s s', grid_offset_s, expected_grid_offset_s)
            end as grid_problem
        from graded

    )

    select * from final
{% endmacro %}
