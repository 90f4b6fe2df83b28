with

unified as (

    select
        *,
        -- rows belong to the series of their meter, or of their device while no meter is known for it
        case when meter_id is null then external_site_id end as unmapped_site_id,
        case when meter_id is null then external_device_id end as unmapped_device_id
    from {{ ref('int_readings__unified') }}

),

-- one sort serves all: within a slot the row that would win comes first
compared as (

    select
        *,
        lag(interval_start) over neighbours as start_before,
        lag(produced) over neighbours as produced_before
    from unified
    window neighbours as (
        partition by load_id, staged_on, meter_id, unmapped_site_id, unmapped_device_id, reading_interval_seconds
        order by interval_start asc, quality_rank asc, row_number desc
    )

),

followed as (

    select
        *,
        max(case when produced is distinct from produced_before then interval_start end) over (
            partition by load_id, staged_on, meter_id, unmapped_site_id, unmapped_device_id, reading_interval_seconds
            order by interval_start asc, quality_rank asc, row_number desc
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
        interval_start,
        reading_interval_seconds,
        energy_wh,
        energy_total_wh,
        energy_limit_wh,
        power_w,
        irradiance_wm2,
        temperature_c,
        other_metrics,
        quality,
        quality_rank,
        received_at,
        unparsed,

        -- what a rule looks at; null wherever another rule says already what is wrong with the row
        field_count_problem,
        text_problem_columns,
        case
            when field_count_problem is null and not (meter_id is null and timestamp_code = 'R108_TS_NO_ZONE')
                then timestamp_code
        end as timestamp_code,
        age_seconds,
        grid_problem,
        case when interval_start is not null then interval_problem end as interval_problem,
        not_numeric_columns,
        not_finite_columns,
        unknown_unit,
        case
            when
                unmeasured_quality is not null
                and num_nonnulls(field_count_problem, text_problem_columns, not_numeric_columns, not_finite_columns) = 0
                then unmeasured_quality
        end as unmeasured_quality,
        case
            when meter_id is null and field_count_problem is null
                then concat_ws(' / ', external_site_id, nullif(external_device_id, ''))
        end as unmapped_device,
        energy_under_floor_wh,
        energy_over_limit_wh,
        power_under_floor_w,
        power_over_limit_w,
        case when irradiance_wm2 >= -10 and irradiance_wm2 < 0 then irradiance_wm2 end as irradiance_offset_wm2,
        case when irradiance_wm2 > 1500 and irradiance_wm2 <= 1800 then irradiance_wm2 end as irradiance_edge_wm2,
        energy_power_gap_percent,
        sun_elevation_deg,

        -- profile of the load; without an instant there is no slot to be a duplicate of
        case when reading_interval_seconds is not null and interval_start = start_before then 2 else 1 end
            as duplicate_rank,
        case
            when produced <> 0
                then date_part('epoch', interval_start - unchanged_since) + reading_interval_seconds
        end as flat_run_seconds
    from followed

)

select * from final
