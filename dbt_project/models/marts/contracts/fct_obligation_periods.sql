with

periods as (

    select * from {{ ref('obligation_period') }}

),

final as (

    select
        periods.organization_id,
        periods.project_id,
        projects.project_name,
        periods.contract_id,
        contracts.external_contract_id as contract_number,
        contracts.name as contract_name,
        contracts.counterparty,
        periods.obligation_id,
        periods.obligation_code,
        periods.obligation_version,
        terms.title as obligation_title,
        terms.clause_ref,
        periods.metric,
        periods.period_type,
        periods.period_start_on,
        periods.period_end_on,
        periods.time_zone,
        periods.operating_year,
        periods.outcome,
        periods.unit,
        periods.guaranteed,
        periods.actual,
        periods.deemed,
        periods.counted,
        periods.shortfall,
        periods.availability_percent,
        periods.raw_availability_percent,
        periods.energy_availability_percent,
        periods.energy_kwh,
        periods.lost_energy_kwh,
        periods.performance_ratio,
        periods.capacity_factor_percent,
        periods.excused_hours,
        periods.data_completeness_percent,
        periods.usable_percent,
        periods.ld_before_cap,
        periods.ld_cap,
        periods.ld_payable,
        periods.currency_code,
        periods.payment_amount,
        periods.payment_currency_code,
        periods.publication_id,
        coalesce(periods.publication_id <= ops.last_closed_publication_id(), false) as is_final
    from periods
    inner join {{ source('core', 'contract') }} as contracts
        on periods.organization_id = contracts.organization_id and periods.contract_id = contracts.contract_id
    inner join {{ source('core', 'obligation') }} as terms
        on periods.organization_id = terms.organization_id and periods.obligation_id = terms.obligation_id
    inner join {{ ref('dim_projects') }} as projects
        on periods.organization_id = projects.organization_id and periods.project_id = projects.project_id

)

select * from final
