-- Every slot for which the publication brings a reading must hold one afterwards.
--
-- To look up each would cost as much as to sort all. Those that are stored are counted under the load that brought
-- them: where as many were written as were brought, none is missing. Slots that are contested are looked at one by one,
-- and so are all of a load whose counts differ, such as one that says again what is stored.
with

accepted as not materialized (

    select *
    from {{ ref('int_readings__accepted') }}

),

stored as not materialized (

    select *
    from {{ ref('meter_reading') }}
    where {{ publication_time_ranges('"timestamp"') }}

),

contested as (

    select
        contested.load_id,
        contested.meter_id,
        contested.interval_start,
        stored.meter_id is not null as is_held,
        coalesce(
            contested.load_id = stored.load_id
            and contested.row_number = stored.row_number
            and stored.publication_id = {{ open_publication_id() }},
            false
        ) as is_held_by_itself
    from {{ ref('int_readings__contested') }} as contested
    left join stored
        on
            contested.organization_id = stored.organization_id
            and contested.meter_id = stored.meter_id
            and contested.interval_start = stored."timestamp"
            and contested.reading_interval_seconds = stored.reading_interval_seconds
            and contested.source_system = stored.source_system

),

counts as (

    select
        load_id,
        count(*) as missing_count
    from accepted
    group by load_id

    union all

    select
        load_id,
        -count(*) as missing_count
    from stored
    where publication_id = {{ open_publication_id() }}
    group by load_id

    union all

    select
        load_id,
        -count(*) filter (where not is_held_by_itself) as missing_count
    from contested
    group by load_id

),

doubtful as (

    select load_id
    from counts
    group by load_id
    having sum(missing_count) <> 0

)

select
    meter_id,
    interval_start
from contested
where not is_held

union all

select
    accepted.meter_id,
    accepted.interval_start
from accepted
inner join doubtful on accepted.load_id = doubtful.load_id
left join stored
    on
        accepted.organization_id = stored.organization_id
        and accepted.meter_id = stored.meter_id
        and accepted.interval_start = stored."timestamp"
        and accepted.reading_interval_seconds = stored.reading_interval_seconds
        and accepted.source_system = stored.source_system
where stored.meter_id is null
