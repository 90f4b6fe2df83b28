{{ config(
    unique_key=['organization_id', 'meter_id', 'month_start'],
    meta={'bookkeeping': ['status', 'proposed_at']}
) }}

with

accepted as (

    select
        organization_id,
        meter_id,
        month_start,
        max(publication_id) as publication_id
    from {{ source('ops', 'restatement_decision') }}
    where decision = 'accepted'
    group by organization_id, meter_id, month_start

),

-- what was accepted is in the month by now
late_readings as (

    select
        late.*,
        cast(date_trunc('month', late."timestamp" at time zone 'UTC') as date) as month_start
    from {{ ref('late_reading') }} as late
    left join accepted
        on
            late.organization_id = accepted.organization_id
            and late.meter_id = accepted.meter_id
            and cast(date_trunc('month', late."timestamp" at time zone 'UTC') as date) = accepted.month_start
    where accepted.publication_id is null or late.publication_id > accepted.publication_id

),

touched_months as (

    select distinct
        organization_id,
        meter_id,
        month_start
    from late_readings
    where publication_id = {{ open_publication_id() }}

),

newest_per_slot as (

    select distinct on (organization_id, meter_id, "timestamp", reading_interval_seconds, source_system) *
    from late_readings
    where
        (organization_id, meter_id, month_start) in (
            select
                touched_months.organization_id,
                touched_months.meter_id,
                touched_months.month_start
            from touched_months
        )
    order by
        organization_id asc,
        meter_id asc,
        "timestamp" asc,
        reading_interval_seconds asc,
        source_system asc,
        {{ quality_rank('quality') }} asc,
        load_id desc,
        row_number desc

),

final as (

    select
        organization_id,
        min(project_id) as project_id,
        meter_id,
        month_start,
        count(*) as late_reading_count,
        cast(sum(energy_wh) as numeric(20, 6)) as late_energy_wh,
        'proposed' as status,
        now() as proposed_at
    from newest_per_slot
    group by organization_id, meter_id, month_start

)

select * from final
