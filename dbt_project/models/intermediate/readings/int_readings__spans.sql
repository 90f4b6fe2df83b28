{{ config(materialized='table', unlogged=true) }}

with

half_days as (

    select * from {{ ref('int_half_days__delivered') }}

),

final as (

    select
        publication_id,
        min(first_start) as first_start,
        max(last_start) as last_start
    from half_days
    group by publication_id, date_trunc('month', first_start, 'UTC')

)

select * from final
