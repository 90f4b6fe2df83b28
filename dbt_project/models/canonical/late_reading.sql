{{ config(unique_key=['load_id', 'row_number'], meta={'bookkeeping': ['publication_id']}) }}

with

selected as (

    select *
    from {{ ref('int_readings__selected') }}
    -- nothing is late before a month was retired, and then no reading is looked at
    where
        publication_id = {{ open_publication_id() }}
        and is_late
        and exists (select 1 from {{ source('ops', 'retired_month') }})

),

final as (

    select
        organization_id,
        project_id,
        meter_id,
        source_system,
        interval_start as "timestamp",
        reading_interval_seconds,
        energy_wh,
        power_w,
        quality,
        load_id,
        row_number,
        publication_id,
        received_at
    from selected

)

select * from final
