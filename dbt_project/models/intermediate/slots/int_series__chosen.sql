{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

touched as (

    select * from {{ ref('int_obligation_days__touched') }}

),

obligation_meters as (

    select * from {{ source('core', 'obligation_meter') }}

),

meters as (

    select * from {{ source('core', 'meter') }}

),

readings as (

    select *
    from {{ ref('meter_reading') }}
    where {{ touched_time_ranges('"timestamp"') }}

),

-- every meter that has a say in a touched day, in whatever role
needed as (

    select distinct
        touched.organization_id,
        obligation_meters.meter_id,
        touched.day_on,
        touched.day_start,
        touched.day_end
    from touched
    inner join obligation_meters using (organization_id, obligation_id)
    where obligation_meters.role <> 'measured' or obligation_meters.meter_id = touched.meter_id

),

candidates as (

    select
        needed.organization_id,
        needed.meter_id,
        needed.day_on,
        needed.day_start,
        needed.day_end,
        readings.source_system,
        readings.reading_interval_seconds,
        -- where in its interval the day begins
        min({{ seconds_between('needed.day_start', 'readings."timestamp"') }} % readings.reading_interval_seconds)
            as phase_seconds,
        count(readings.energy_wh) filter (where readings.quality = 'measured') * readings.reading_interval_seconds
            as measured_energy_seconds,
        count(readings.energy_wh) * readings.reading_interval_seconds as energy_seconds,
        count(*) filter (where readings.quality = 'measured') * readings.reading_interval_seconds as measured_seconds
    from needed
    inner join readings
        on
            needed.organization_id = readings.organization_id
            and needed.meter_id = readings.meter_id
            and needed.day_start <= readings."timestamp"
            and needed.day_end > readings."timestamp"
    group by
        needed.organization_id,
        needed.meter_id,
        needed.day_on,
        needed.day_start,
        needed.day_end,
        readings.source_system,
        readings.reading_interval_seconds

),

chosen as (

    select distinct on (candidates.organization_id, candidates.meter_id, candidates.day_start) candidates.*
    from candidates
    inner join meters using (organization_id, meter_id)
    order by
        candidates.organization_id asc,
        candidates.meter_id asc,
        candidates.day_start asc,
        {{ authoritative_series('candidates', 'meters') }}

),

newest as (

    select distinct on (organization_id, meter_id)
        organization_id,
        meter_id,
        reading_interval_seconds
    from chosen
    order by organization_id asc, meter_id asc, day_on desc

),

-- a silent day has the slots of the meter's other days
sized as (

    select
        needed.organization_id,
        needed.meter_id,
        needed.day_on,
        needed.day_start,
        needed.day_end,
        chosen.source_system,
        coalesce(
            chosen.reading_interval_seconds,
            meters.reading_interval_seconds,
            newest.reading_interval_seconds,
            earlier.reading_interval_seconds,
            later.reading_interval_seconds,
            {{ var('silent_meter_interval_seconds') }}
        ) as reading_interval_seconds,
        coalesce(chosen.phase_seconds, 0) as phase_seconds
    from needed
    inner join meters using (organization_id, meter_id)
    left join chosen using (organization_id, meter_id, day_on, day_start)
    left join newest using (organization_id, meter_id)
    {%- for name, comparison, direction in [('earlier', '<', 'desc'), ('later', '>', 'asc')] %}
    left join lateral (
        select stored.reading_interval_seconds
        from {{ stored_aggregates() }} as stored
        where
            newest.meter_id is null
            and stored.organization_id = needed.organization_id
            and stored.meter_id = needed.meter_id
            and stored.period_type = 'daily'
            and stored.period_start {{ comparison }} needed.day_start
        order by stored.period_start {{ direction }}
        limit 1
    ) as {{ name }} on true
    {%- endfor %}

),

final as (

    select
        *,
        {{ seconds_between('day_start', 'day_end') }} as day_seconds,
        cast({{ slots_expected('day_start', 'day_end', 'reading_interval_seconds') }} as integer) as slot_count
    from sized

)

select * from final
