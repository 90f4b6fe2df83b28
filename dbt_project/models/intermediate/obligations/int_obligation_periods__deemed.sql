with

periods as (

    select
        touched.organization_id,
        touched.contract_id,
        touched.obligation_code,
        touched.period_start_on,
        touched.period_end_on,
        obligations.deemed_method,
        obligations.deemed_reference_kwh,
        obligations.deemed_reference_irradiance_wm2,
        obligations.deemed_kwh_per_interval
    from {{ ref('int_obligation_periods__touched') }} as touched
    inner join {{ source('core', 'obligation') }} as obligations using (organization_id, obligation_id)
    where obligations.deemed_method <> 'none'

),

-- irradiation instead of sums of irradiance, so that months of different intervals can be compared
months as (

    select
        {{ period_key() }},
        meter_id,
        date_trunc('month', day_on) as month_start,
        sum(deemed_slots) filter (where is_in_period) as deemed_slots,
        sum(deemed_irradiance_sum_wm2) filter (where is_in_period) as deemed_irradiance_sum_wm2,
        sum(deemed_irradiance_sum_wm2 * reading_interval_seconds / 3600) filter (where is_in_period)
            as deemed_irradiation_wh_m2,
        sum(reference_energy_wh) as reference_energy_wh,
        sum(reference_irradiance_sum_wm2 * reading_interval_seconds / 3600) as reference_irradiation_wh_m2
    from {{ ref('int_obligation_days__allowed') }}
    group by {{ period_key() }}, meter_id, date_trunc('month', day_on)

),

-- a curtailed month learns from the one before; without readings of that, from its own hours that were not curtailed
taught as (

    select
        months.*,
        coalesce(before.reference_irradiation_wh_m2 > 0, false) as is_from_month_before,
        case
            when before.reference_irradiation_wh_m2 > 0 then before.reference_energy_wh
            else months.reference_energy_wh
        end as known_energy_wh,
        case
            when before.reference_irradiation_wh_m2 > 0 then before.reference_irradiation_wh_m2
            else nullif(months.reference_irradiation_wh_m2, 0)
        end as known_irradiation_wh_m2
    from months
    left join months as before
        on
            months.organization_id = before.organization_id
            and months.contract_id = before.contract_id
            and months.obligation_code = before.obligation_code
            and months.period_start_on = before.period_start_on
            and months.period_end_on = before.period_end_on
            and months.meter_id = before.meter_id
            and months.month_start = before.month_start + interval '1 month'
    where months.deemed_slots > 0

),

by_month as (

    select
        {{ period_key() }},
        month_start,
        sum(deemed_slots) as deemed_slots,
        sum(deemed_irradiance_sum_wm2) as deemed_irradiance_sum_wm2,
        sum(deemed_irradiation_wh_m2 * known_energy_wh / known_irradiation_wh_m2) as deemed_energy_wh,
        bool_and(known_irradiation_wh_m2 is not null) as is_taught,
        bool_and(is_from_month_before) as is_from_month_before
    from taught
    group by {{ period_key() }}, month_start

),

priced as (

    select
        periods.*,
        by_month.month_start,
        by_month.deemed_slots,
        by_month.is_taught,
        by_month.is_from_month_before,
        case periods.deemed_method
            when 'interval' then by_month.deemed_energy_wh / 1000
            when 'monthly_ratio'
                then
                    periods.deemed_reference_kwh * by_month.deemed_irradiance_sum_wm2
                    / (by_month.deemed_slots * periods.deemed_reference_irradiance_wm2)
            when 'fixed' then periods.deemed_kwh_per_interval * by_month.deemed_slots
        end as deemed_kwh
    from periods
    inner join by_month using ({{ period_key() }})

),

final as (

    select
        {{ period_key() }},
        sum(deemed_slots) as deemed_slots,
        cast(coalesce(sum(deemed_kwh), 0) as numeric(38, 18)) as deemed_kwh,
        jsonb_agg(jsonb_build_object(
            'month', to_char(month_start, 'YYYY-MM'),
            'slots', deemed_slots,
            'deemed_kwh', {{ plain('deemed_kwh') }},
            'learnt_from', case
                when deemed_method <> 'interval' then 'contract'
                when not is_taught then 'nothing'
                when is_from_month_before then 'month_before'
                else 'same_month'
            end
        ) order by month_start) as deemed_months
    from priced
    group by {{ period_key() }}

)

select * from final
