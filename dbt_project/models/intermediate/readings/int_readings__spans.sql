{{ config(materialized='table', unlogged=true) }}

with

selected as (

    select * from {{ ref('int_readings__selected') }}

),

-- an instant of PostgreSQL counts microseconds: a day is quicker to tell than a month, and there are few of them
days as (

    select
        publication_id,
        min(interval_start) as first_start,
        max(interval_start) as last_start
    from selected
    group by publication_id, floor(date_part('epoch', interval_start) / 86400)

),

final as (

    select
        publication_id,
        min(first_start) as first_start,
        max(last_start) as last_start
    from days
    group by publication_id, date_trunc('month', first_start, 'UTC')

)

select * from final
