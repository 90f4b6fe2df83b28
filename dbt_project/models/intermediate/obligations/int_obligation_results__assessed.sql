{%- set calendar = [
    'project_id', 'contract_version_id', 'obligation_id', 'obligation_version', 'metric', 'period_type',
    'period_start', 'period_end', 'time_zone', 'operating_year'
] -%}

with

touched as (

    select * from {{ ref('int_obligation_periods__touched') }}

),

claims as (

    select * from {{ ref('int_obligation_claims__paid') }}

),

final as (

    select
        {{ period_key('touched') }},
        {%- for column in calendar %}
        touched.{{ column }},
        {%- endfor %}
        assessed.outcome,
        assessed.unit,
        assessed.expected,
        assessed.guaranteed,
        assessed.actual,
        assessed.deemed,
        assessed.counted,
        assessed.shortfall,
        measured.hours_expected,
        measured.hours_available,
        measured.availability_percent,
        measured.raw_percent as raw_availability_percent,
        measured.energy_percent as energy_availability_percent,
        measured.irradiance_percent as irradiance_availability_percent,
        measured.capacity_percent as capacity_availability_percent,
        measured.energy_kwh,
        measured.lost_energy_kwh,
        assessed.deemed as deemed_energy_kwh,
        measured.substituted_energy_wh / 1000 as substituted_energy_kwh,
        measured.performance_ratio,
        measured.corrected_performance_ratio,
        measured.capacity_factor_percent,
        measured.slots_expected,
        measured.measured_slots,
        measured.estimated_slots,
        measured.substituted_slots,
        measured.completeness_percent as data_completeness_percent,
        measured.usable_percent,
        measured.excused_hours,
        coalesce(excused.excused_hours_by_class, '{}') as excused_hours_by_class,
        coalesce(excused.excused_event_ids, '[]') as excused_event_ids,
        coalesce(claims.ld_before_cap, assessed.ld_exact) as ld_before_cap,
        claims.ld_cap,
        case when assessed.outcome <> 'running' then coalesce(claims.ld_payable, assessed.ld_exact) end as ld_payable,
        versions.currency_code,
        case
            when claims.place is not null then claims.payment_amount
            when assessed.outcome <> 'running' then assessed.ld_exact
        end as payment_amount,
        coalesce(claims.payment_currency_code, versions.currency_code) as payment_currency_code,
        claims.fx_rate,
        case
            when claims.place is null then explained.calculation
            else jsonb_set(
                explained.calculation, '{steps}', explained.calculation -> 'steps' || {{ steps_of_money('claims') }}
            )
        end as calculation
    from touched
    inner join {{ ref('int_obligation_periods__measured') }} as measured using ({{ period_key() }})
    inner join {{ ref('int_obligation_periods__assessed') }} as assessed using ({{ period_key() }})
    inner join {{ ref('int_obligation_periods__explained') }} as explained using ({{ period_key() }})
    left join {{ ref('int_obligation_periods__excused') }} as excused using ({{ period_key() }})
    left join claims using ({{ period_key() }})
    inner join {{ source('core', 'contract_version') }} as versions
        on
            touched.organization_id = versions.organization_id
            and touched.contract_version_id = versions.contract_version_id

)

select * from final
