-- depends_on: {{ ref('meter_reading_revision') }}
{{ config(
    unique_key=['organization_id', 'meter_id', 'timestamp', 'reading_interval_seconds', 'source_system'],
    post_hook="select core.analyze_grown('{{ this }}')",
    meta={'may_hold': 'slots_may_be_taken', 'time_column': 'timestamp', 'bookkeeping': ['publication_id']}
) }}
{%- set batch_times = publication_time_ranges('"timestamp"') %}
{%- set may_be_taken = slots_may_be_taken() %}

with

accepted as (

    select *
    from {{ ref('int_readings__accepted') }}
    where publication_id = {{ open_publication_id() }}

),

-- few slots are brought more than once, and to put all readings in order would cost as much as to store them
places as (

    select
        interval_start,
        load_id,
        row_number,
        row_number() over (
            partition by {{ reading_key() }}
            order by quality_rank asc, load_id desc, row_number desc
        ) as place
    from {{ ref('int_readings__contested') }}

),

losers as (

    select
        interval_start,
        load_id,
        row_number
    from places
    where place > 1

),

winner_per_interval as (

    select accepted.*
    from accepted
    left join losers
        on
            accepted.load_id = losers.load_id
            and accepted.row_number = losers.row_number
            and accepted.interval_start = losers.interval_start
    where losers.load_id is null

),

{%- if may_be_taken %}

stored as (

    select *
    from {{ this }}
    where {{ batch_times }}

),

-- loads that came earlier than others but are not published yet, as far as they go
waiting_loads as (

    select
        organization_id,
        source_system,
        min(load_id) as first_load_id,
        max(load_id) as last_load_id
    from {{ source('ops', 'ingestion_log') }}
    where
        status in ('landed', 'staged', 'accepted', 'held', 'failed')
        and load_id not in (
            select members.load_id
            from {{ source('ops', 'publication_load') }} as members
            where members.publication_id = {{ open_publication_id() }}
        )
    group by organization_id, source_system

),

changes as (

    select winner_per_interval.*
    from winner_per_interval
    left join stored
        on
            winner_per_interval.organization_id = stored.organization_id
            and winner_per_interval.meter_id = stored.meter_id
            and winner_per_interval.interval_start = stored."timestamp"
            and winner_per_interval.reading_interval_seconds = stored.reading_interval_seconds
            and winner_per_interval.source_system = stored.source_system
    left join waiting_loads
        on
            winner_per_interval.organization_id = waiting_loads.organization_id
            and winner_per_interval.source_system = waiting_loads.source_system
    where
        stored.load_id is null
        or (
            {{ beats('winner_per_interval', 'stored') }}
            and (
                {{ reading_values('winner_per_interval') }} is distinct from {{ reading_values('stored') }}
                -- the newer load confirms the value; say so while a load between the two may still claim the slot
                or (
                    winner_per_interval.load_id > waiting_loads.first_load_id
                    and stored.load_id < waiting_loads.last_load_id
                )
            )
        )

),
{%- else %}

changes as (

    select * from winner_per_interval

),
{%- endif %}

final as (

    select
        -- identity
        organization_id,
        project_id,
        meter_id,
        source_system,
        external_site_id,
        external_device_id,

        -- measure
        interval_start as "timestamp",
        reading_interval_seconds,
        energy_wh,
        energy_total_wh,
        power_w,
        irradiance_wm2,
        temperature_c,
        other_metrics,
        quality,

        -- lineage
        load_id,
        row_number,
        publication_id,
        received_at as ingested_at
    from changes

)

select * from final
