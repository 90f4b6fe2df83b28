with

unified as (

    select
        *,
        -- rows belong to the series of their meter, or of their device while no meter is known for it
        case when meter_id is null then external_site_id end as unmapped_site_id,
        case when meter_id is null then external_device_id end as unmapped_device_id,
        coalesce(energy_wh, power_w) as produced,
        coalesce(other_metrics ->> 'energy_basis' = 'power', false) as is_from_power
    from {{ ref('int_readings__unified') }}

),

compared as (

    select
        *,
        row_number() over (
            partition by
                load_id,
                staged_on,
                meter_id,
                unmapped_site_id,
                unmapped_device_id,
                reading_interval_seconds,
                interval_start
            order by quality_rank asc, row_number desc
        ) as place_in_interval,
        lag(produced) over (series order by interval_start) as produced_before
    from unified
    window series as (
        partition by load_id, staged_on, meter_id, unmapped_site_id, unmapped_device_id, reading_interval_seconds
    )

),

followed as (

    select
        *,
        max(case when produced is distinct from produced_before then interval_start end) over (
            partition by load_id, staged_on, meter_id, unmapped_site_id, unmapped_device_id, reading_interval_seconds
            order by interval_start
            rows unbounded preceding
        ) as unchanged_since
    from compared

),

final as (

    select
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
        unparsed,
        energy_floor_wh,
        energy_limit_wh,
        power_floor_w,
        power_limit_w,

        -- what a rule looks at; null wherever another rule says already what is wrong with the row
        field_count_problem,
        text_problem_columns,
        case
            when field_count_problem is null and not (meter_id is null and timestamp_code = 'R108_TS_NO_ZONE')
                then timestamp_code
        end as timestamp_code,
        -- age on arrival, so that a replay years later judges as the first time
        extract(epoch from received_at - interval_start) as age_seconds,
        grid_problem,
        case when interval_start is not null then interval_problem end as interval_problem,
        not_numeric_columns,
        not_finite_columns,
        unknown_unit,
        case
            when
                metric_count = 0 and quality <> 'missing'
                and num_nonnulls(field_count_problem, text_problem_columns, not_numeric_columns, not_finite_columns) = 0
                then quality
        end as unmeasured_quality,
        case
            when meter_id is null and field_count_problem is null
                then concat_ws(' / ', external_site_id, nullif(external_device_id, ''))
        end as unmapped_device,
        case when not is_from_power then energy_floor_wh - energy_wh end as energy_under_floor_wh,
        case when not is_from_power then energy_wh - energy_limit_wh end as energy_over_limit_wh,
        power_floor_w - power_w as power_under_floor_w,
        power_w - power_limit_w as power_over_limit_w,
        case when irradiance_wm2 >= -10 and irradiance_wm2 < 0 then irradiance_wm2 end as irradiance_offset_wm2,
        case when irradiance_wm2 > 1500 and irradiance_wm2 <= 1800 then irradiance_wm2 end as irradiance_edge_wm2,
        energy_power_gap_percent,

        -- profile of the load; without an instant there is no slot to be a duplicate of
        case when interval_start is null or reading_interval_seconds is null then 1 else place_in_interval end
            as duplicate_rank,
        case
            when produced <> 0
                then
                    cast(date_part('epoch', interval_start - unchanged_since) as bigint)
                    + reading_interval_seconds
        end as flat_run_seconds,
        case
            when energy_wh > -energy_floor_wh or power_w > -power_floor_w
                then core.sun_elevation_deg(latitude, longitude, interval_start)
        end as sun_elevation_deg
    from followed

)

select * from final
