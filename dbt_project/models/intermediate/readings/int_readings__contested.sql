{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

-- read where it is asked for: a copy for all would cost more than the other scans
accepted as not materialized (

    select *
    from {{ ref('int_readings__accepted') }}
    where publication_id = {{ open_publication_id() }}

),

-- within a load judging has told which rows repeat a slot: only where several loads speak is there more to compare
shared as (

    select
        organization_id,
        meter_id,
        half_day
    from {{ ref('int_half_days__delivered') }}
    where publication_id = {{ open_publication_id() }} and is_shared

),

repeated as (

    select {{ reading_key() }}
    from accepted
    where is_repeated

    union

    select
        accepted.organization_id,
        accepted.meter_id,
        accepted.interval_start,
        accepted.reading_interval_seconds,
        accepted.source_system
    from accepted
    inner join shared
        on
            accepted.organization_id = shared.organization_id
            and accepted.meter_id = shared.meter_id
            and {{ half_day('accepted.interval_start') }} = shared.half_day
    group by 1, 2, 3, 4, 5
    having count(*) > 1

),

slots as (

    select {{ reading_key() }}
    from repeated

    {% if slots_may_be_taken() -%}
    union

    select
        accepted.organization_id,
        accepted.meter_id,
        accepted.interval_start,
        accepted.reading_interval_seconds,
        accepted.source_system
    from accepted
    inner join {{ stored_readings() }} as stored
        on
            accepted.organization_id = stored.organization_id
            and accepted.meter_id = stored.meter_id
            and accepted.interval_start = stored."timestamp"
            and accepted.reading_interval_seconds = stored.reading_interval_seconds
            and accepted.source_system = stored.source_system
            and {{ publication_time_ranges('stored."timestamp"') }}
    where {{ reading_values('accepted') }} is distinct from {{ reading_values('stored') }}
    {%- endif %}

),

final as (

    select accepted.*
    from accepted
    inner join slots using ({{ reading_key() }})

)

select * from final
