with

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}
    where missing_policy = 'substitute' and 'register_difference' = any(substitute_order)

),

meters as (

    select
        meters.organization_id,
        meters.meter_id,
        meters.register_modulus_wh,
        1.2 * coalesce(
            meters.rated_power_w, 1000 * projects.installed_ac_capacity_kw, {{ var('unknown_capacity_w') }}
        ) as limit_w
    from {{ source('core', 'meter') }} as meters
    inner join {{ source('core', 'project') }} as projects using (organization_id, project_id)

),

days as (

    select distinct
        touched.organization_id,
        touched.meter_id,
        touched.day_on,
        touched.day_start,
        touched.day_end
    from {{ ref('int_obligation_days__touched') }} as touched
    inner join terms using (obligation_id, meter_id)

),

-- the registers of the day, and the next ones to either side of it
registers as (

    select
        days.organization_id,
        days.meter_id,
        days.day_on,
        days.day_end,
        found.*
    from days
    cross join lateral (
        {{ register_beside('days', '<', 'days.day_start') }}
        union all
        select
            readings."timestamp" as read_at,
            readings.source_system,
            readings.reading_interval_seconds,
            readings.energy_wh,
            readings.energy_total_wh
        from {{ ref('meter_reading') }} as readings
        where
            readings.organization_id = days.organization_id
            and readings.meter_id = days.meter_id
            and readings.energy_total_wh is not null
            and readings."timestamp" >= days.day_start
            and readings."timestamp" < days.day_end
        union all
        {{ register_beside('days', '>', 'days.day_end') }}
    ) as found

),

followed as (

    select
        registers.*,
        lead(registers.read_at) over series as next_at,
        lead(registers.energy_total_wh) over series as next_total_wh
    from registers
    window series as (
        partition by organization_id, meter_id, day_on, source_system, reading_interval_seconds
        order by read_at
    )

),

-- a reading with energy says what the register was at its end
opened as (

    select
        followed.*,
        case
            when followed.energy_wh is null then followed.read_at
            else followed.read_at + make_interval(secs => followed.reading_interval_seconds)
        end as gap_start,
        followed.energy_total_wh + coalesce(followed.energy_wh, 0) as total_wh
    from followed

),

gaps as (

    select
        opened.organization_id,
        opened.meter_id,
        opened.day_on,
        opened.source_system,
        opened.reading_interval_seconds,
        make_interval(secs => opened.reading_interval_seconds) as step,
        opened.gap_start,
        opened.next_at as gap_end,
        opened.next_total_wh,
        case
            when opened.total_wh >= meters.register_modulus_wh then opened.total_wh - meters.register_modulus_wh
            else opened.total_wh
        end as total_wh,
        meters.register_modulus_wh,
        meters.limit_w * {{ seconds_between('opened.gap_start', 'opened.next_at') }} / 3600 as limit_wh
    from opened
    inner join meters using (organization_id, meter_id)
    where opened.gap_start < opened.next_at

),

filled as (

    select
        gaps.*,
        {{ register_difference('gaps.total_wh', 'gaps.next_total_wh', 'gaps.register_modulus_wh', 'gaps.limit_wh') }}
        - known.energy_wh as missing_wh,
        known.missing_count,
        known.last_missing_at
    from gaps
    cross join lateral (
        select
            coalesce(sum(readings.energy_wh), 0) as energy_wh,
            count(*) filter (where readings.energy_wh is null) as missing_count,
            max(steps.at) filter (where readings.energy_wh is null) as last_missing_at
        from generate_series(gaps.gap_start, gaps.gap_end - gaps.step, gaps.step) as steps (at)
        left join (
            select
                stored."timestamp",
                stored.energy_wh
            from {{ ref('meter_reading') }} as stored
            where
                stored.organization_id = gaps.organization_id
                and stored.meter_id = gaps.meter_id
                and stored.source_system = gaps.source_system
                and stored.reading_interval_seconds = gaps.reading_interval_seconds
                and stored."timestamp" >= gaps.gap_start
                and stored."timestamp" < gaps.gap_end
        ) as readings on steps.at = readings."timestamp"
    ) as known

),

-- equal shares of the difference; the last slot takes what rounding leaves, so the sum is exact
final as (

    select
        slots.organization_id,
        slots.meter_id,
        slots.day_on,
        slots.slot_number,
        case
            when filled.last_missing_at >= slots.slot_start and filled.last_missing_at < slots.slot_end
                then filled.missing_wh - (filled.missing_count - 1) * trunc(filled.missing_wh / filled.missing_count, 6)
            else trunc(filled.missing_wh / filled.missing_count, 6)
        end as energy_wh
    from {{ ref('int_slots__gridded') }} as slots
    inner join filled
        on
            slots.organization_id = filled.organization_id
            and slots.meter_id = filled.meter_id
            and slots.day_on = filled.day_on
            and slots.slot_start >= filled.gap_start
            and slots.slot_start < filled.gap_end
    where slots.energy_wh is null and filled.missing_wh >= 0 and filled.missing_count > 0

)

select * from final
