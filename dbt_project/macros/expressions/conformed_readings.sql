{#-
The select that every staging model of readings ends with: canonical units, our meters, and what judging looks at.

`delivered` is a CTE with one row per raw row and the columns load_id, staged_on, row_number, external_site_id,
external_device_id, interval_start, interval_seconds, energy, energy_unit, energy_total, energy_total_unit, power,
power_unit (numbers as delivered, double precision), irradiance_wm2, temperature_c, quality, other_metrics (jsonb) and
unparsed (jsonb; per column the `code` and `text` of a cell that could not be read).
-#}
{% macro conformed_readings(delivered) %}
    with

    -- its own CTEs keep PostgreSQL from working out an amount again wherever it is named below
    measured as (
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
                devices.sin_latitude,
                devices.cos_latitude,
                devices.longitude_turns,
                coalesce(devices.limit_w, 1.2 * cast({{ var('unknown_capacity_w') }} as double precision)) as limit_w,
                coalesce(devices.floor_w, -0.01 * cast({{ var('unknown_capacity_w') }} as double precision)) as floor_w,
                {{ unit_factor('delivered.energy_unit', 'energy') }} as energy_factor,
                {{ unit_factor('delivered.energy_total_unit', 'energy') }} as energy_total_factor,
                {{ unit_factor('delivered.power_unit', 'power') }} as power_factor
            from {{ delivered }} as delivered
            inner join {{ source('ops', 'ingestion_log') }} as loads on delivered.load_id = loads.load_id
            left join devices
                on
                    loads.organization_id = devices.organization_id
                    and loads.source_system = devices.source_system
                    and delivered.external_site_id = devices.external_site_id
                    and delivered.external_device_id = devices.external_device_id

        )

        select
            *,
            {{ canonical_amount('energy', 'energy_factor') }} as energy_amount_wh,
            {{ canonical_amount('energy_total', 'energy_total_factor') }} as energy_total_amount_wh,
            {{ canonical_amount('power', 'power_factor') }} as power_amount_w,
            {{ canonical_amount('irradiance_wm2', largest='999999') }} as irradiance_amount_wm2,
            {{ canonical_amount('temperature_c', largest='999999') }} as temperature_amount_c,
            case when isfinite(interval_start) then interval_start end as starts_at,
            case when isfinite(interval_start) then date_part('epoch', interval_start) end as start_epoch_s,
            case when interval_seconds > 0 and 86400 % nullif(interval_seconds, 0) = 0 then interval_seconds end as seconds,
            {{ is_without_metric() }} as is_without_metric,
            {{ canonical_quality('quality', is_without_metric()) }} as delivered_quality
        from placed
    ),

    graded as (

        select
            *,
            energy is null and energy_total is null and power_amount_w is not null and seconds is not null as is_from_power,
            limit_w * seconds / 3600 as limit_wh,
            floor_w * seconds / 3600 as floor_wh,
            {{ grid_offset('start_epoch_s', 'seconds') }} as grid_offset_s,
            {{ expected_grid_offset('grid_offsets', 'external_site_id', 'external_device_id') }} as expected_grid_offset_s
        from measured

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

            -- measure
            starts_at as interval_start,
            seconds as reading_interval_seconds,
            case when is_from_power then power_amount_w * seconds / 3600 else energy_amount_wh end as energy_wh,
            energy_total_amount_wh as energy_total_wh,
            power_amount_w as power_w,
            irradiance_amount_wm2 as irradiance_wm2,
            temperature_amount_c as temperature_c,
            case
                when is_from_power then coalesce(other_metrics, '{}') || '{"energy_basis": "power"}'
                else other_metrics
            end as other_metrics,
            case when is_from_power and delivered_quality = 'measured' then 'estimated' else delivered_quality end as quality,
            case
                when is_from_power and delivered_quality = 'measured' then 2
                else {{ quality_rank('delivered_quality') }}
            end as quality_rank,
            limit_wh as energy_limit_wh,
            received_at,

            -- judging: null wherever there is nothing to say
            unparsed,
            coalesce(energy_amount_wh, power_amount_w) as produced,
            -- age on arrival, so that a replay years later judges as the first time
            date_part('epoch', received_at) - start_epoch_s as age_seconds,
            case
                when starts_at is null
                    then coalesce(
                        {{ flaw('unparsed', 'R10%', 'code') }},
                        case when interval_start is null then 'R101_TS_MISSING' else 'R102_TS_FORMAT' end
                    )
            end as timestamp_code,
            {{ flawed_columns('unparsed', 'R201_NOT_NUMERIC') }} as not_numeric_columns,
            case
                when
                    unparsed is not null
                    or greatest(abs(energy), abs(power), abs(irradiance_wm2), abs(temperature_c)) > 1e308
                    or abs(energy_total) >= 1e13 / energy_total_factor
                    then nullif(concat_ws(
                        ',',
                        {{ flawed_columns('unparsed', 'R202_NOT_FINITE') }},
                        {%- for column in ['energy', 'power', 'irradiance_wm2', 'temperature_c'] %}
                        case when {{ column }} in ('-infinity', 'infinity', 'nan') then '{{ column }}' end,
                        {%- endfor %}
                        case when abs(energy_total) >= 1e13 / energy_total_factor then 'energy_total' end
                    ), '')
            end as not_finite_columns,
            case
                when unparsed is not null or other_metrics is not null
                    then nullif(concat_ws(
                        ',',
                        {{ flawed_columns('unparsed', 'R204_TEXT') }},
                        case when other_metrics -> 'row' ->> 'code' = 'R204_TEXT' then 'other_metrics' end
                    ), '')
            end as text_problem_columns,
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
            case when is_without_metric and delivered_quality <> 'missing' then delivered_quality end as unmeasured_quality,
            {{ amount_beyond('floor_wh', 'energy_amount_wh') }} as energy_under_floor_wh,
            {{ amount_beyond('energy_amount_wh', 'limit_wh') }} as energy_over_limit_wh,
            {{ amount_beyond('floor_w', 'power_amount_w') }} as power_under_floor_w,
            {{ amount_beyond('power_amount_w', 'limit_w') }} as power_over_limit_w,
            {{ energy_power_gap('energy_amount_wh', 'power_amount_w * seconds / 3600', '10', least_percent=1) }}
            as energy_power_gap_percent,
            case
                when
                    (energy_amount_wh > -floor_wh or power_amount_w > -floor_w)
                    and {{ may_be_night('start_epoch_s', 'sin_latitude', 'cos_latitude', 'longitude_turns') }}
                    then core.sun_elevation_deg(latitude, longitude, starts_at)
            end as sun_elevation_deg,
            case
                when grid_offset_s <> expected_grid_offset_s
                    then format('starts %s s after a grid point, expected %s s', grid_offset_s, expected_grid_offset_s)
            end as grid_problem
        from graded

    )

    select * from final
{% endmacro %}

{#- Whether a delivered row carries no metric; the first one that it has answers. -#}
{% macro is_without_metric() -%}
    (coalesce(energy, energy_total, power, irradiance_wm2, temperature_c) is null and other_metrics is null)
{%- endmacro %}
