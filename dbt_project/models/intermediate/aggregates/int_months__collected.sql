with

fresh_days as (

    select
        organization_id,
        project_id,
        meter_id,
        time_zone,
        month_start,
        day_start,
        day_end,
        source_system,
        reading_interval_seconds,
        energy_wh,
        measured_count,
        estimated_count,
        {{ slots_expected('day_start', 'day_end', 'reading_interval_seconds') }} as slots_expected
    from {{ ref('int_days__authoritative') }}

),

months as (

    select distinct
        organization_id,
        project_id,
        meter_id,
        time_zone,
        month_start,
        {{ period_end('month_start', 'time_zone', '1 month') }} as month_end
    from fresh_days

),

stored_days as (

    select
        stored.organization_id,
        months.project_id,
        stored.meter_id,
        stored.time_zone,
        months.month_start,
        stored.period_start as day_start,
        stored.period_end as day_end,
        stored.source_system,
        stored.reading_interval_seconds,
        stored.energy_wh,
        stored.measured_count,
        stored.estimated_count,
        stored.slots_expected
    from {{ stored_aggregates() }} as stored
    inner join months
        on
            stored.organization_id = months.organization_id
            and stored.meter_id = months.meter_id
            and stored.period_start >= months.month_start
            and stored.period_start < months.month_end
            and stored.time_zone = months.time_zone
    where stored.period_type = 'daily'

),

-- a fresh day stands for the stored one; a join that leaves stored ones out would compare each with each, because the
-- planner guesses that there is only one
days as (

    select distinct on (organization_id, meter_id, day_start) *
    from (
        select
            *,
            true as is_fresh
        from fresh_days
        union all
        select
            *,
            false as is_fresh
        from stored_days
    ) as candidates
    order by
        organization_id asc,
        meter_id asc,
        day_start asc,
        is_fresh desc

),

timed as (

    select
        *,
        {{ elapsed_seconds('day_start', 'day_end') }} as day_seconds
    from days

),

weighed as (

    select
        *,
        cast(day_seconds as numeric) * measured_count / slots_expected as measured_seconds,
        cast(day_seconds as numeric) * (measured_count + estimated_count) / slots_expected as usable_seconds
    from timed

),

-- the best covered day names the series of the month; the days keep their own
collected as (

    select
        organization_id,
        project_id,
        meter_id,
        time_zone,
        month_start,
        (array_agg(source_system order by measured_seconds desc, source_system asc))[1] as source_system,
        (array_agg(reading_interval_seconds order by measured_seconds desc, source_system asc))[1]
            as reading_interval_seconds,
        sum(energy_wh) as energy_wh,
        cast(sum(measured_count) as bigint) as measured_count,
        cast(sum(estimated_count) as bigint) as estimated_count,
        cast(sum(slots_expected) as bigint) as covered_slots,
        sum(day_seconds) as covered_seconds,
        cast(sum(measured_seconds) as numeric(20, 6)) as measured_seconds,
        cast(sum(usable_seconds) as numeric(20, 6)) as usable_seconds
    from weighed
    group by organization_id, project_id, meter_id, time_zone, month_start

),

final as (

    select
        collected.*,
        months.month_end,
        {{ elapsed_seconds('months.month_start', 'months.month_end') }} as month_seconds,
        collected.covered_slots + cast(round(
            ({{ elapsed_seconds('months.month_start', 'months.month_end') }} - collected.covered_seconds)
            / collected.reading_interval_seconds
        ) as bigint) as slots_expected
    from collected
    inner join months using (organization_id, meter_id, month_start)

)

select
    organization_id,
    project_id,
    meter_id,
    time_zone,
    month_start,
    month_end,
    source_system,
    reading_interval_seconds,
    energy_wh,
    measured_count,
    estimated_count,
    slots_expected,
    month_seconds,
    measured_seconds,
    usable_seconds
from final
