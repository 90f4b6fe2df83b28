with

events as (

    select * from {{ ref('default_event') }}

),

final as (

    select
        events.default_event_id,
        events.organization_id,
        events.project_id,
        projects.project_name,
        events.contract_id,
        contracts.external_contract_id as contract_number,
        contracts.name as contract_name,
        contracts.counterparty,
        events.obligation_code,
        events.obligation_version,
        events.metric,
        events.period_type,
        events.period_start_on,
        events.period_end_on,
        events.time_zone,
        events.operating_year,
        events.revision,
        events.supersedes_event_id,
        events.status,
        events.status in ('detected', 'under_review', 'notified', 'cure_period', 'confirmed') as is_open,
        events.status <> 'superseded' as is_newest,
        events.severity,
        events.unit,
        events.guaranteed,
        events.actual,
        events.counted,
        events.shortfall,
        events.availability_percent,
        events.raw_availability_percent,
        events.data_completeness_percent,
        events.excused_hours,
        events.ld_before_cap,
        events.ld_cap,
        events.ld_payable,
        events.ld_change,
        events.currency_code,
        events.payment_amount,
        events.payment_currency_code,
        events.detected_at,
        events.notified_on,
        events.cure_until_on,
        events.cure_ends_at,
        events.evidence_archived_at,
        events.publication_id,
        coalesce(events.publication_id <= ops.last_closed_publication_id(), false) as is_final
    from events
    inner join {{ source('core', 'contract') }} as contracts
        on events.organization_id = contracts.organization_id and events.contract_id = contracts.contract_id
    inner join {{ ref('dim_projects') }} as projects
        on events.organization_id = projects.organization_id and events.project_id = projects.project_id

)

select * from final
