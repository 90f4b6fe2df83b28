{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

-- read where it is asked for: a copy for both would cost more than the second scan
accepted as not materialized (

    select *
    from {{ ref('int_readings__accepted') }}
    where publication_id = {{ open_publication_id() }}

),

stored as (

    select *
    from {{ stored_readings() }}
    where {{ publication_time_ranges('"timestamp"') }}

),

-- readings lie in the order of their slots, nearly: a sort costs less than counting each slot
followed as (

    select
        organization_id,
        meter_id,
        interval_start,
        reading_interval_seconds,
        source_system,
        lag(interval_start) over (
            partition by organization_id, meter_id, reading_interval_seconds, source_system
            order by interval_start
        ) as start_before
    from accepted

),

final as (

    select {{ reading_key() }}
    from followed
    where interval_start = start_before

    union

    select
        accepted.organization_id,
        accepted.meter_id,
        accepted.interval_start,
        accepted.reading_interval_seconds,
        accepted.source_system
    from accepted
    inner join stored
        on
            accepted.organization_id = stored.organization_id
            and accepted.meter_id = stored.meter_id
            and accepted.interval_start = stored."timestamp"
            and accepted.reading_interval_seconds = stored.reading_interval_seconds
            and accepted.source_system = stored.source_system
    where {{ reading_values('accepted') }} is distinct from {{ reading_values('stored') }}

)

select * from final
