with

reads as (

    select *
    from {{ ref('billing_read') }}
    where superseded_at is null and energy_category = 'metered' and meter_id is not null

),

-- what the register of a meter went on by; deductions are no matter of the meter
billed as (

    select
        organization_id,
        meter_id,
        billing_period_id,
        period_start,
        period_end,
        time_zone,
        count(*) as billed_line_count,
        sum(coalesce(
            utilized_reading_kwh, total_production_kwh + discount_reading_kwh + sourced_energy_kwh
        )) as register_energy_kwh,
        max(publication_id) as publication_id
    from reads
    group by 1, 2, 3, 4, 5, 6

),

days as (

    select
        organization_id,
        meter_id,
        period_start as day_start,
        energy_kwh,
        data_completeness_percent,
        publication_id,
        {{ elapsed_seconds('period_start', 'period_end') }} as day_seconds
    from {{ ref('meter_aggregate') }}
    where period_type = 'daily' and basis = 'interval'

),

metered as (

    select
        billed.organization_id,
        billed.meter_id,
        billed.billing_period_id,
        sum(days.energy_kwh) as interval_energy_kwh,
        sum(days.data_completeness_percent * days.day_seconds) as measured_percent_seconds,
        max(days.publication_id) as publication_id
    from billed
    inner join days
        on
            billed.organization_id = days.organization_id
            and billed.meter_id = days.meter_id
            and billed.period_start <= days.day_start
            and billed.period_end > days.day_start
    group by 1, 2, 3

),

compared as (

    select
        billed.*,
        metered.interval_energy_kwh,
        metered.interval_energy_kwh - billed.register_energy_kwh as difference_kwh,
        case
            when billed.register_energy_kwh <> 0
                then
                    100 * (metered.interval_energy_kwh - billed.register_energy_kwh) / abs(billed.register_energy_kwh)
            when metered.interval_energy_kwh = 0 then 0
        end as difference_percent,
        coalesce(
            metered.measured_percent_seconds / {{ elapsed_seconds('billed.period_start', 'billed.period_end') }}, 0
        ) as completeness_percent,
        greatest(billed.publication_id, metered.publication_id) as last_publication_id
    from billed
    left join metered using (organization_id, meter_id, billing_period_id)

),

final as (

    select
        compared.organization_id,
        meters.project_id,
        meters.project_name,
        compared.meter_id,
        meters.meter_name,
        compared.billing_period_id,
        periods.name as billing_period,
        periods.start_on as period_start_on,
        periods.end_on as period_end_on,
        compared.period_start,
        compared.period_end,
        compared.time_zone,
        compared.billed_line_count,
        cast(compared.register_energy_kwh as numeric(20, 6)) as register_energy_kwh,
        cast(compared.interval_energy_kwh as numeric(20, 6)) as interval_energy_kwh,
        cast(compared.difference_kwh as numeric(20, 6)) as difference_kwh,
        cast(compared.difference_percent as numeric(20, 4)) as difference_percent,
        cast({{ var('reconciliation_tolerance_percent') }} as numeric(7, 4)) as tolerance_percent,
        cast(compared.completeness_percent as numeric(7, 4)) as interval_completeness_percent,
        case
            when compared.interval_energy_kwh is null then 'no_intervals'
            when compared.completeness_percent < {{ var('reconciliation_completeness_percent') }} then 'incomplete'
            when abs(compared.difference_percent) <= {{ var('reconciliation_tolerance_percent') }} then 'within'
            else 'outside'
        end as status,
        compared.last_publication_id as publication_id,
        coalesce(compared.last_publication_id <= ops.last_closed_publication_id(), false) as is_final
    from compared
    inner join {{ source('core', 'billing_period') }} as periods using (billing_period_id)
    inner join {{ ref('dim_meters') }} as meters
        on compared.organization_id = meters.organization_id and compared.meter_id = meters.meter_id

)

select * from final
