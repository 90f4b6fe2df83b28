{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

touched as (

    select * from {{ ref('int_obligation_days__touched') }}

),

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}

),

events as (

    select
        *,
        coalesce(ends_at, 'infinity') as until_at
    from {{ source('core', 'plant_event') }}
    where is_current and not is_withdrawn

),

slots as (

    select * from {{ ref('int_slots__gridded') }}

),

-- what an event means to an obligation: notice that came too late, or never, excuses nothing
event_days as (

    select
        touched.organization_id,
        touched.obligation_id,
        touched.meter_id,
        touched.day_on,
        events.plant_event_id,
        events.event_class,
        events.starts_at,
        events.until_at,
        array_position(terms.excused_classes, events.event_class) as excuse_rank,
        array_position(terms.category_priority, events.event_class) as class_priority,
        events.event_class = any(terms.deemed_classes) as is_deemed,
        events.event_class = any({{ outage_classes() }}) as is_outage,
        case events.event_class
            when 'scheduled_maintenance'
                then
                    terms.maintenance_notice_days is null
                    or coalesce(events.notified_at <= {{ days_later(
                        'events.starts_at', '-terms.maintenance_notice_days', 'touched.time_zone'
                    ) }}, false)
            when 'force_majeure'
                then
                    terms.force_majeure_notice_days is null
                    or coalesce(events.notified_at <= {{ days_later(
                        'events.starts_at', 'terms.force_majeure_notice_days', 'touched.time_zone'
                    ) }}, false)
            else true
        end as is_notified
    from touched
    inner join terms using (obligation_id, meter_id)
    inner join events
        on
            touched.organization_id = events.organization_id
            and touched.project_id = events.project_id
            and touched.contract_id = coalesce(events.contract_id, touched.contract_id)
            and touched.meter_id = coalesce(events.meter_id, touched.meter_id)
            and touched.day_end > events.starts_at
            and touched.day_start < events.until_at

),

met as (

    select
        event_days.organization_id,
        event_days.obligation_id,
        event_days.meter_id,
        event_days.day_on,
        slots.slot_number,
        slots.slot_seconds,
        event_days.plant_event_id,
        event_days.event_class,
        event_days.starts_at,
        event_days.excuse_rank,
        event_days.class_priority,
        coalesce(event_days.excuse_rank > 0, false) and event_days.is_notified as is_excuse,
        event_days.is_deemed and event_days.is_notified as is_deeming,
        event_days.is_outage,
        tstzrange(slots.slot_start, slots.slot_end) * tstzrange(event_days.starts_at, event_days.until_at) as common
    from event_days
    inner join slots
        on
            event_days.organization_id = slots.organization_id
            and event_days.meter_id = slots.meter_id
            and event_days.day_on = slots.day_on
            and event_days.starts_at < slots.slot_end
            and event_days.until_at > slots.slot_start

),

-- ranges unite before they are measured, so events that overlap count once
united as (

    select
        organization_id,
        obligation_id,
        meter_id,
        day_on,
        slot_number,
        slot_seconds,
        min(class_priority) filter (where is_excuse) as class_priority,
        {%- for column, name in [('event_class', 'excuse_class'), ('plant_event_id', 'excuse_event_id')] %}
        (
            array_agg({{ column }} order by class_priority nulls last, excuse_rank, starts_at, plant_event_id)
            filter (where is_excuse)
        )[1] as {{ name }},
        {%- endfor %}
        coalesce(range_agg(common) filter (where is_excuse), '{}') as excused,
        coalesce(range_agg(common) filter (where is_deeming), '{}') as deemed,
        coalesce(range_agg(common) filter (where is_outage and not is_excuse), '{}') as down
    from met
    group by 1, 2, 3, 4, 5, 6

),

timed as (

    select
        *,
        {{ multirange_seconds('excused') }} as excused_seconds,
        {{ multirange_seconds('deemed') }} as deemed_seconds,
        {{ multirange_seconds('down - excused') }} as down_seconds
    from united

),

final as (

    select
        organization_id,
        obligation_id,
        meter_id,
        day_on,
        slot_number,
        class_priority,
        excuse_class,
        excuse_event_id,
        excused_seconds,
        down_seconds,
        -- a slot is one thing or the other: the excuse has to cover at least half of it
        2 * excused_seconds >= slot_seconds as is_excused,
        2 * deemed_seconds >= slot_seconds as is_deemed
    from timed

)

select * from final
