with

unified as (

    select
        *,
        -- rows belong to the series of their meter, or of their device while no meter is known for it
        case when meter_id is null then external_site_id end as unmapped_site_id,
        case when meter_id is null then external_device_id end as unmapped_device_id,
        coalesce(energy_wh, power_w) as output
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
        output is distinct from lag(output) over (series order by interval_start) as is_changed
    from unified
    window series as (
        partition by load_id, staged_on, meter_id, unmapped_site_id, unmapped_device_id, reading_interval_seconds
    )

),

followed as (

    select
        *,
        max(case when is_changed then interval_start end) over (
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
        timestamp_code,
        not_numeric_columns,
        not_finite_columns,
        text_problem_columns,
        field_count_problem,
        interval_problem,
        unknown_unit,
        energy_floor_wh,
        energy_limit_wh,
        power_floor_w,
        power_limit_w,
        oldest_allowed_at,
        latest_allowed_at,
        metric_count,
        energy_power_gap_percent,
        grid_problem,

        -- profile of the load; without an instant there is no slot to be a duplicate of
        case when interval_start is null or reading_interval_seconds is null then 1 else place_in_interval end
        as duplicate_rank,
        cast(date_part('epoch', interval_start - unchanged_since) as bigint) + reading_interval_seconds
        as flat_run_seconds,
        case
            when energy_wh > 0 or power_w > 0 then core.sun_elevation_deg(latitude, longitude, interval_start)
        end as sun_elevation_deg
    from followed

)

select * from final
