{{ config(
    unique_key=['organization_id', 'contract_id', 'obligation_code', 'period_start_on', 'period_end_on'],
    meta={'bookkeeping': ['publication_id', 'assessed_at']}
) }}
{%- set calendar = [
    'project_id', 'contract_version_id', 'obligation_id', 'obligation_version', 'metric', 'period_type',
    'period_start', 'period_end', 'time_zone', 'operating_year'
] -%}
{%- set results = ['outcome', 'unit', 'expected', 'guaranteed', 'actual', 'deemed', 'counted', 'shortfall'] -%}
{%- set amounts = [
    'hours_expected', 'hours_available', 'availability_percent', 'raw_availability_percent',
    'energy_availability_percent', 'irradiance_availability_percent', 'capacity_availability_percent', 'energy_kwh',
    'lost_energy_kwh', 'deemed_energy_kwh', 'substituted_energy_kwh', 'performance_ratio',
    'corrected_performance_ratio', 'capacity_factor_percent', 'slots_expected', 'measured_slots', 'estimated_slots',
    'substituted_slots', 'data_completeness_percent', 'usable_percent', 'excused_hours', 'excused_hours_by_class',
    'excused_event_ids'
] -%}
{%- set money = [
    'ld_before_cap', 'ld_cap', 'ld_payable', 'currency_code', 'payment_amount', 'payment_currency_code', 'fx_rate'
] -%}

with

touched as (

    select * from {{ ref('int_obligation_periods__touched') }}

),

claims as (

    select * from {{ ref('int_obligation_claims__paid') }}

),

fresh as (

    select
        {{ period_key('touched') }},
        {%- for column in calendar %}
        touched.{{ column }},
        {%- endfor %}
        {%- for column in results %}
        assessed.{{ column }},
        {%- endfor %}
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

),

-- broken periods that were not assessed now, for what earlier ones leave of their caps
restated as (

    select
        {{ period_key('stored') }},
        {%- for column in calendar + results + amounts %}
        stored.{{ column }},
        {%- endfor %}
        {%- for column in money %}
        claims.{{ column }},
        {%- endfor %}
        jsonb_set(
            stored.calculation,
            '{steps}',
            jsonb_path_query_array(
                stored.calculation -> 'steps',
                '$[*] ? (@.name != "cap" && @.name != "payable" && @.name != "payment")'
            ) || {{ steps_of_money('claims') }}
        ) as calculation
    from {{ stored_obligation_periods() }} as stored
    inner join claims using ({{ period_key() }})
    where not claims.is_touched

),

results as (

    select * from fresh
    union all
    select * from restated

),

final as (

    select
        organization_id,
        project_id,
        contract_id,
        contract_version_id,
        obligation_id,
        obligation_code,
        obligation_version,
        metric,
        period_type,
        period_start_on,
        period_end_on,
        period_start,
        period_end,
        time_zone,
        operating_year,
        outcome,
        unit,
        {%- for column in results[2:] + amounts[:7] %}
        cast({{ column }} as {{ 'numeric(20, 10)' if column.startswith('hours_') else 'numeric(38, 18)' }})
            as {{ column }},
        {%- endfor %}
        {%- for column in ['energy_kwh', 'lost_energy_kwh', 'deemed_energy_kwh', 'substituted_energy_kwh'] %}
        cast({{ column }} as numeric(24, 9)) as {{ column }},
        {%- endfor %}
        {%- for column in ['performance_ratio', 'corrected_performance_ratio', 'capacity_factor_percent'] %}
        cast({{ column }} as numeric(38, 18)) as {{ column }},
        {%- endfor %}
        {%- for column in ['slots_expected', 'measured_slots', 'estimated_slots', 'substituted_slots'] %}
        cast({{ column }} as bigint) as {{ column }},
        {%- endfor %}
        cast(data_completeness_percent as numeric(38, 18)) as data_completeness_percent,
        cast(usable_percent as numeric(38, 18)) as usable_percent,
        cast(excused_hours as numeric(20, 10)) as excused_hours,
        excused_hours_by_class,
        excused_event_ids,
        cast(ld_before_cap as numeric(20, 6)) as ld_before_cap,
        cast(ld_cap as numeric(20, 6)) as ld_cap,
        cast(ld_payable as numeric(20, 6)) as ld_payable,
        currency_code,
        cast(payment_amount as numeric(20, 6)) as payment_amount,
        payment_currency_code,
        cast(fx_rate as numeric(20, 10)) as fx_rate,
        calculation,
        cast({{ open_publication_id() }} as bigint) as publication_id,
        now() as assessed_at
    from results

)

select * from final
