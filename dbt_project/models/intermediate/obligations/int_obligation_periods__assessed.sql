{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}
{%- set numbers = [
    'expected', 'guaranteed', 'actual', 'deemed', 'counted', 'exact_shortfall', 'shortfall', 'ld_units', 'ld_exact'
] -%}

with

touched as (

    select * from {{ ref('int_obligation_periods__touched') }}

),

terms as (

    select * from {{ source('core', 'obligation') }}

),

measured as (

    select * from {{ ref('int_obligation_periods__measured') }}

),

promised as (

    select
        {{ period_key('touched') }},
        touched.metric,
        touched.is_settled,
        measured.completeness_percent,
        measured.measured_slots + measured.estimated_slots + measured.substituted_slots as usable_slots,
        measured.reference_energy_kwh,
        measured.hours_expected,
        terms.min_completeness_percent,
        terms.shortfall_decimals,
        terms.rounding,
        terms.ld_basis,
        terms.ld_rate,
        terms.ld_alternate_price,
        terms.ld_contract_price,
        terms.ld_floor,
        terms.ld_step,
        terms.ld_step_mode,
        touched.period_end_on - touched.period_start_on + 1 as day_count,
        case touched.metric
            when 'energy' then 'kWh' when 'performance_ratio' then 'ratio' when 'delay' then 'days' else 'percent'
        end as unit,
        guaranteed.expected_kwh as expected,
        case touched.metric
            when 'energy' then guaranteed.guaranteed_kwh
            when 'delay' then 0
            when 'performance_ratio'
                then
                    cast(terms.guarantee * power(
                        cast(1 - terms.degradation_per_year as numeric(42, 40)),
                        cast(touched.operating_year - 1 as numeric)
                    ) as numeric(38, 18))
            else terms.guarantee
        end as guaranteed,
        case touched.metric
            when 'availability' then measured.availability_percent
            when 'energy' then measured.energy_kwh
            when 'performance_ratio'
                then case
                    when terms.is_temperature_corrected then measured.corrected_performance_ratio
                    else measured.performance_ratio
                end
            when 'capacity_factor' then measured.capacity_factor_percent
            when 'completeness' then coalesce(measured.completeness_percent, 0)
            when 'delay' then cast(measured.late_days as numeric)
        end as actual,
        case when touched.metric = 'energy' then coalesce(deemed.deemed_kwh, 0) end as deemed
    from touched
    inner join measured using ({{ period_key() }})
    left join {{ ref('int_obligation_periods__guaranteed') }} as guaranteed using ({{ period_key() }})
    left join {{ ref('int_obligation_periods__deemed') }} as deemed using ({{ period_key() }})
    inner join terms
        on touched.organization_id = terms.organization_id and touched.obligation_id = terms.obligation_id

),

known as (

    select
        *,
        actual + coalesce(deemed, 0) as counted,
        case
            -- a promise to deliver data is broken by their absence
            when metric in ('completeness', 'delay') then true
            -- any other is not broken by what data do not tell
            when coalesce(completeness_percent, 0) < min_completeness_percent or usable_slots = 0 then false
            -- nothing was asked of the plant
            when metric = 'availability' and hours_expected = 0 then true
            else actual is not null
        end as is_known
    from promised

),

compared as (

    select
        *,
        case
            when not is_settled and metric = 'energy' then null  -- a part of a year says nothing of its shortfall
            when metric = 'delay' then actual
            when is_known then greatest(0, guaranteed - counted)
        end as exact_shortfall
    from known

),

cleared as (

    select
        *,
        {{ resolved('exact_shortfall', 'guaranteed') }} as resolved_shortfall
    from compared

),

decided as (

    select
        *,
        case
            when shortfall_decimals is null then resolved_shortfall
            else {{ rounded('resolved_shortfall', 'shortfall_decimals', 'rounding') }}
        end as shortfall
    from cleared

),

judged as (

    select
        *,
        case
            when not is_settled then 'running'
            when not is_known then 'inconclusive'
            when shortfall > 0 then 'breached'
            else 'kept'
        end as outcome,
        case
            when ld_basis = 'per_point' then shortfall * case metric when 'performance_ratio' then 100 else 1 end
            when ld_basis = 'per_day' then case metric when 'delay' then shortfall else day_count end
            when ld_basis in ('per_kwh', 'per_mwh', 'price_difference')
                then
                    case metric
                        when 'energy' then shortfall
                        when 'performance_ratio' then shortfall * reference_energy_kwh
                        when 'availability' then shortfall * reference_energy_kwh / 100
                        when 'capacity_factor' then shortfall * reference_energy_kwh / 100
                    end / case ld_basis when 'per_kwh' then 1 else 1000 end
        end as ld_units
    from decided

),

priced as (

    select
        *,
        case
            when ld_basis = 'none' or outcome = 'inconclusive' then null
            when outcome = 'kept' or shortfall = 0 then 0
            else {{ damages() }}
        end as ld_exact
    from judged

),

final as (

    select
        {{ period_key() }},
        outcome,
        {%- for number in numbers %}
        trim_scale({{ number }}) as {{ number }},
        {%- endfor %}
        unit
    from priced

)

select * from final
