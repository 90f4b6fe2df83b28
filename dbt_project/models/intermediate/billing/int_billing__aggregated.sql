with

reads as (

    select * from {{ ref('billing_read') }}

),

members as (

    select load_id
    from {{ source('ops', 'publication_load') }}
    where publication_id = {{ open_publication() }}

),

touched as (

    select distinct
        reads.organization_id,
        reads.billed_line_id,
        reads.billing_period_id
    from reads
    inner join members on reads.load_id = members.load_id

),

counting as (

    select
        reads.organization_id,
        reads.project_id,
        reads.meter_id,
        reads.billed_line_id,
        reads.contract_line_id,
        reads.billing_period_id,
        reads.tariff_id,
        reads.energy_category,
        reads.period_start,
        reads.period_end,
        reads.time_zone,
        reads.source_system,
        reads.opening_reading_kwh,
        reads.closing_reading_kwh,
        reads.utilized_reading_kwh,
        reads.discount_reading_kwh,
        reads.sourced_energy_kwh,
        reads.total_production_kwh,
        reads.energy_kwh,
        reads.available_energy_kwh
    from reads
    inner join touched using (organization_id, billed_line_id, billing_period_id)
    where reads.superseded_at is null

),

-- months that nothing counts for any more: the row that did was moved to another line, period or meter
emptied as (

    select
        stored.organization_id,
        stored.project_id,
        stored.meter_id,
        stored.billed_line_id,
        stored.contract_line_id,
        stored.billing_period_id,
        cast(null as bigint) as tariff_id,
        cast(null as text) as energy_category,
        stored.period_start,
        stored.period_end,
        stored.time_zone,
        stored.source_system,
        {%- for amount in [
            'opening_reading_kwh', 'closing_reading_kwh', 'utilized_reading_kwh', 'discount_reading_kwh',
            'sourced_energy_kwh', 'total_production_kwh', 'energy_kwh'
        ] %}
        cast(null as numeric(20, 6)) as {{ amount }},
        {%- endfor %}
        cast(null as numeric(20, 6)) as available_energy_kwh
    from {{ stored_aggregates() }} as stored
    inner join touched
        on
            stored.organization_id = touched.organization_id
            and stored.billed_line_id = touched.billed_line_id
            and stored.billing_period_id = touched.billing_period_id
    left join counting
        on
            stored.organization_id = counting.organization_id
            and stored.billed_line_id = counting.billed_line_id
            and stored.billing_period_id = counting.billing_period_id
            and stored.period_start = counting.period_start
            and stored.meter_id is not distinct from counting.meter_id
    where stored.basis = 'billing' and counting.billed_line_id is null

),

final as (

    select * from counting
    union all
    select * from emptied

)

select * from final
