with

refused as (

    select
        load_id,
        status,
        unnest(codes) as code
    from {{ source('quarantine', 'rejected_row') }}

),

loads as (

    select * from {{ source('ops', 'ingestion_log') }}

),

final as (

    select
        loads.organization_id,
        loads.load_id,
        loads.source_system,
        loads.feed,
        loads.original_name,
        loads.received_at,
        loads.status as load_status,
        loads.rows_in,
        refused.code,
        count(*) filter (where refused.status = 'open') as open_row_count,
        count(*) filter (where refused.status = 'released') as released_row_count
    from refused
    inner join loads on refused.load_id = loads.load_id
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9

)

select * from final
