{{ config(
    unique_key=[
        'organization_id', 'meter_id', 'timestamp', 'reading_interval_seconds', 'source_system',
        'load_id', 'row_number', 'publication_id'
    ],
    post_hook="select core.analyze_grown('{{ this }}')"
) }}

with

contested as (

    select * from {{ ref('int_readings__contested') }}

),

stored as (

    select *
    from {{ stored_readings() }}
    where {{ publication_time_ranges('"timestamp"') }}

),

contested_slots as (

    select distinct {{ reading_key() }}
    from contested

),

contenders as (

    select
        *,
        false as is_stored
    from contested

    union all

    select
        stored.publication_id,
        stored.load_id,
        stored.row_number,
        stored.organization_id,
        stored.project_id,
        stored.meter_id,
        stored.source_system,
        stored.external_site_id,
        stored.external_device_id,
        stored."timestamp" as interval_start,
        stored.reading_interval_seconds,
        stored.energy_wh,
        stored.energy_total_wh,
        stored.power_w,
        stored.irradiance_wm2,
        stored.temperature_c,
        stored.other_metrics,
        stored.quality,
        {{ quality_rank('stored.quality') }} as quality_rank,
        stored.ingested_at as received_at,
        false as is_repeated,
        true as is_stored
    from stored
    inner join contested_slots
        on
            stored.organization_id = contested_slots.organization_id
            and stored.meter_id = contested_slots.meter_id
            and stored."timestamp" = contested_slots.interval_start
            and stored.reading_interval_seconds = contested_slots.reading_interval_seconds
            and stored.source_system = contested_slots.source_system

),

-- a row that was read again stands for itself: what was made of it before cannot win
placed as (

    select
        *,
        is_stored and count(*) over (
            partition by {{ reading_key() }}, load_id, row_number
        ) > 1 as is_read_again
    from contenders

),

winners as (

    select distinct on ({{ reading_key() }}) *
    from placed
    order by
        {{ reading_key(' asc') }},
        is_read_again asc,
        quality_rank asc,
        load_id desc,
        row_number desc

),

losers as (

    select
        placed.*,
        case when placed.quality_rank > winners.quality_rank then 'outranked' else 'replaced' end as reason,
        winners.load_id as winner_load_id,
        winners.row_number as winner_row_number
    from placed
    inner join winners using ({{ reading_key() }})
    where
        {{ reading_values('placed') }} is distinct from {{ reading_values('winners') }}
        -- an interval whose register difference became known has lost nothing
        and not (placed.is_read_again and placed.energy_wh is null)

),

final as (

    select
        organization_id,
        project_id,
        meter_id,
        source_system,
        external_site_id,
        external_device_id,
        interval_start as "timestamp",
        reading_interval_seconds,
        energy_wh,
        energy_total_wh,
        power_w,
        irradiance_wm2,
        temperature_c,
        other_metrics,
        quality,
        load_id,
        row_number,
        publication_id,
        received_at as ingested_at,
        reason,
        winner_load_id,
        winner_row_number,
        cast({{ open_publication_id() }} as bigint) as revised_in_publication_id,
        now() as revised_at
    from losers
    {%- if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as known
            where
                known.organization_id = losers.organization_id
                and known.meter_id = losers.meter_id
                and known."timestamp" = losers.interval_start
                and known.reading_interval_seconds = losers.reading_interval_seconds
                and known.source_system = losers.source_system
                and known.load_id = losers.load_id
                and known.row_number = losers.row_number
                and {{ reading_values('known') }} is not distinct from {{ reading_values('losers') }}
        )
    {%- endif %}

)

select * from final
