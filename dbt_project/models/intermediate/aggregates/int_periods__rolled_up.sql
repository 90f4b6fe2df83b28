with

days as not materialized (

    select * from {{ ref('int_days__authoritative') }}

),

hours as (

    select hours.*
    from {{ ref('int_hours__measured') }} as hours
    inner join days using (organization_id, meter_id, day_start, source_system, reading_interval_seconds)
    where 3600 % hours.reading_interval_seconds = 0

),

months as (

    select * from {{ ref('int_months__collected') }}

),

hourly as (

    select
        organization_id,
        project_id,
        meter_id,
        'hourly' as period_type,
        hour_start as period_start,
        hour_start + interval '1 hour' as period_end,
        time_zone,
        source_system,
        reading_interval_seconds,
        energy_wh,
        measured_count,
        estimated_count,
        3600 / reading_interval_seconds as slots_expected,
        measured_count * reading_interval_seconds as measured_weight,
        (measured_count + estimated_count) * reading_interval_seconds as usable_weight,
        3600 as period_weight
    from hours

),

-- stored hours of days whose authoritative series is another one now
replaced as (

    select
        stored.*,
        days.project_id as current_project_id
    from {{ stored_aggregates() }} as stored
    inner join days
        on
            stored.organization_id = days.organization_id
            and stored.meter_id = days.meter_id
            and stored.period_start >= days.day_start
            and stored.period_start < days.day_end
    where
        stored.period_type = 'hourly'
        and stored.reading_count > 0
        and (stored.source_system, stored.reading_interval_seconds)
        <> (days.source_system, days.reading_interval_seconds)

),

-- those that the new series does not cover; a full join, because the planner expects one such hour and would go through
-- all hours for each
emptied as (

    select
        replaced.organization_id,
        replaced.current_project_id as project_id,
        replaced.meter_id,
        replaced.period_type,
        replaced.period_start,
        replaced.period_end,
        replaced.time_zone,
        replaced.source_system,
        replaced.reading_interval_seconds,
        cast(null as numeric) as energy_wh,
        0 as measured_count,
        0 as estimated_count,
        replaced.slots_expected,
        0 as measured_weight,
        0 as usable_weight,
        3600 as period_weight
    from replaced
    full join hours
        on
            replaced.organization_id = hours.organization_id
            and replaced.meter_id = hours.meter_id
            and replaced.period_start = hours.hour_start
    where hours.hour_start is null

),

daily as (

    select
        organization_id,
        project_id,
        meter_id,
        'daily' as period_type,
        day_start as period_start,
        day_end as period_end,
        time_zone,
        source_system,
        reading_interval_seconds,
        energy_wh,
        measured_count,
        estimated_count,
        {{ slots_expected('day_start', 'day_end', 'reading_interval_seconds') }} as slots_expected,
        measured_count as measured_weight,
        measured_count + estimated_count as usable_weight,
        {{ slots_expected('day_start', 'day_end', 'reading_interval_seconds') }} as period_weight
    from days

),

monthly as (

    select
        organization_id,
        project_id,
        meter_id,
        'monthly' as period_type,
        month_start as period_start,
        month_end as period_end,
        time_zone,
        source_system,
        reading_interval_seconds,
        energy_wh,
        measured_count,
        estimated_count,
        slots_expected,
        measured_seconds as measured_weight,
        usable_seconds as usable_weight,
        month_seconds as period_weight
    from months

),

periods as (

    select * from hourly
    union all
    select * from emptied
    union all
    select * from daily
    union all
    select * from monthly

),

final as (

    select
        organization_id,
        project_id,
        meter_id,
        period_type,
        period_start,
        period_end,
        time_zone,
        source_system,
        reading_interval_seconds,
        energy_wh,
        cast(energy_wh * 0.001 as numeric(20, 9)) as energy_kwh,
        measured_count + estimated_count as reading_count,
        measured_count,
        estimated_count,
        slots_expected,
        {{ share_percent('measured_weight', 'period_weight') }} as data_completeness_percent,
        {{ share_percent('usable_weight', 'period_weight') }} as usable_percent
    from periods

)

select * from final
