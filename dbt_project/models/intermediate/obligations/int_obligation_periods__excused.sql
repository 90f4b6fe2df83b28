with

days as (

    select
        *,
        'scheduled_maintenance' as limited_class
    from {{ ref('int_obligation_days__allowed') }}
    where is_in_period and excused_hours_by_class <> '{}'

),

class_hours as (

    select
        {{ period_key('days') }},
        classes.key as event_class,
        sum(
            cast(classes.value #>> '{}' as numeric)
            - case when classes.key = days.limited_class then days.exceeding_maintenance_hours else 0 end
        ) as hours
    from days
    cross join lateral jsonb_each(days.excused_hours_by_class) as classes
    group by {{ period_key('days') }}, classes.key

),

by_class as (

    select
        {{ period_key() }},
        jsonb_object_agg(event_class, {{ plain('hours') }}) as excused_hours_by_class
    from class_hours
    group by {{ period_key() }}

),

events as (

    select distinct
        {{ period_key('days') }},
        cast(event_ids.value as bigint) as plant_event_id
    from days
    cross join lateral jsonb_array_elements_text(days.excused_event_ids) as event_ids

),

by_event as (

    select
        {{ period_key() }},
        jsonb_agg(plant_event_id order by plant_event_id) as excused_event_ids
    from events
    group by {{ period_key() }}

),

final as (

    select
        {{ period_key('by_class') }},
        by_class.excused_hours_by_class,
        coalesce(by_event.excused_event_ids, '[]') as excused_event_ids
    from by_class
    left join by_event using ({{ period_key() }})

)

select * from final
