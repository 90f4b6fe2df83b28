{{ config(
    unique_key=['organization_id', 'billed_line_id', 'billing_period_id', 'load_id', 'row_number', 'publication_id'],
    meta={'bookkeeping': ['recorded_at', 'superseded_at']}
) }}

with

delivered as (

    select
        *,
        received_at as ingested_at,
        cast(now() as timestamptz) as recorded_at
    from {{ ref('int_billing__selected') }}
    where publication_id = {{ open_publication_id() }}

),

stored as (

    select stored.*
    from {{ this }} as stored
    inner join delivered using (organization_id, billed_line_id, billing_period_id)

    union

    select stored.*
    from {{ this }} as stored
    inner join delivered using (load_id, row_number)

),

-- versions that counted and whose row now belongs to another line or period
moved as (

    select stored.*
    from stored
    inner join delivered on stored.load_id = delivered.load_id and stored.row_number = delivered.row_number
    where
        stored.superseded_at is null
        and (stored.billed_line_id, stored.billing_period_id) <> (delivered.billed_line_id, delivered.billing_period_id)

),

counting as (

    select stored.*
    from stored
    left join moved using (load_id, row_number, publication_id, billed_line_id, billing_period_id)
    where stored.superseded_at is null and moved.load_id is null

),

-- loads that came earlier than others but are not published yet, as far as they go
waiting_loads as (

    select
        organization_id,
        min(load_id) as first_load_id,
        max(load_id) as last_load_id
    from {{ source('ops', 'ingestion_log') }}
    where
        feed = 'billing_read'
        and status in ('landed', 'staged', 'accepted', 'held', 'failed')
        and load_id not in (select delivered.load_id from delivered)
    group by organization_id

),

-- what says something new: neither recorded before from this row, nor a repetition of what counts
fresh as (

    select delivered.*
    from delivered
    left join counting using (organization_id, billed_line_id, billing_period_id)
    left join waiting_loads using (organization_id)
    where
        not exists (
            select 1
            from stored
            where
                stored.billed_line_id = delivered.billed_line_id
                and stored.billing_period_id = delivered.billing_period_id
                and stored.load_id = delivered.load_id
                and stored.row_number = delivered.row_number
                and stored.supersede_reason is distinct from 'moved'
                and {{ billing_values('stored') }} is not distinct from {{ billing_values('delivered') }}
        )
        and (
            counting.load_id is null
            or {{ billing_values('counting') }} is distinct from {{ billing_values('delivered') }}
            -- the newer load confirms the value; say so while a load between the two may still claim the period
            or (
                delivered.load_id > waiting_loads.first_load_id
                and counting.load_id < waiting_loads.last_load_id
            )
        )

),

contenders as (

    {% for state in ['fresh', 'counting', 'moved'] -%}
    select
        organization_id,
        project_id,
        contract_id,
        billed_line_id,
        contract_line_id,
        meter_id,
        billing_period_id,
        tariff_id,
        bill_on,
        period_start,
        period_end,
        time_zone,
        energy_category,
        product_desc,
        currency_code,
        opening_reading_kwh,
        closing_reading_kwh,
        utilized_reading_kwh,
        discount_reading_kwh,
        sourced_energy_kwh,
        total_production_kwh,
        energy_kwh,
        available_energy_kwh,
        source_system,
        external_reading_id,
        source_metadata,
        load_id,
        row_number,
        publication_id,
        ingested_at,
        recorded_at,
        '{{ state }}' as state
    from {{ state }}
    {{ "union all" if not loop.last }}
    {% endfor %}

),

winners as (

    select distinct on (organization_id, billed_line_id, billing_period_id) *
    from contenders
    where state <> 'moved'
    order by
        organization_id asc,
        billed_line_id asc,
        billing_period_id asc,
        load_id desc,
        row_number desc,
        publication_id desc

),

placed as (

    select
        contenders.*,
        winners.load_id as winner_load_id,
        winners.row_number as winner_row_number,
        case
            when contenders.state = 'moved' then 'moved'
            when
                (contenders.load_id, contenders.row_number, contenders.publication_id)
                <> (winners.load_id, winners.row_number, winners.publication_id)
                then 'replaced'
        end as supersede_reason
    from contenders
    left join winners using (organization_id, billed_line_id, billing_period_id)

),

versions as (

    select
        placed.*,
        case placed.supersede_reason
            when 'moved' then placed.load_id
            when 'replaced' then placed.winner_load_id
        end as superseded_by_load_id,
        case placed.supersede_reason
            when 'moved' then placed.row_number
            when 'replaced' then placed.winner_row_number
        end as superseded_by_row_number
    from placed
    left join winners using (organization_id, billed_line_id, billing_period_id)
    -- a row that lost to its own repetition says nothing
    where
        placed.state <> 'fresh'
        or placed.supersede_reason is null
        or {{ billing_values('placed') }} is distinct from {{ billing_values('winners') }}

),

final as (

    select
        -- identity
        organization_id,
        project_id,
        contract_id,
        billed_line_id,
        contract_line_id,
        meter_id,
        billing_period_id,
        tariff_id,

        -- period
        bill_on,
        period_start,
        period_end,
        time_zone,

        -- measure
        energy_category,
        product_desc,
        currency_code,
        opening_reading_kwh,
        closing_reading_kwh,
        utilized_reading_kwh,
        discount_reading_kwh,
        sourced_energy_kwh,
        total_production_kwh,
        energy_kwh,
        available_energy_kwh,

        -- lineage
        source_system,
        external_reading_id,
        source_metadata,
        load_id,
        row_number,
        publication_id,
        ingested_at,

        -- versions
        recorded_at,
        case when supersede_reason is not null then now() end as superseded_at,
        superseded_by_load_id,
        superseded_by_row_number,
        supersede_reason
    from versions

)

select * from final
