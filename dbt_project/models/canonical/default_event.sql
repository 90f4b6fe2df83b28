{{ config(
    unique_key=['organization_id', 'default_event_id'],
    meta={'bookkeeping': ['publication_id', 'detected_at']}
) }}

with

revisions as (

    select * from {{ ref('int_default_events__revised') }}

),

periods as (

    select * from {{ ref('obligation_period') }}

),

terms as (

    select * from {{ source('core', 'obligation') }}

),

evidence as (

    select * from {{ ref('int_default_events__evidenced') }}

),

final as (

    select
        -- identity
        revisions.default_event_id,
        periods.organization_id,
        periods.project_id,
        periods.contract_id,
        periods.contract_version_id,
        periods.obligation_id,
        periods.obligation_code,
        periods.obligation_version,
        '{{ var("rule_version") }}' as rule_version,
        periods.metric,
        periods.period_type,
        periods.period_start_on,
        periods.period_end_on,
        periods.period_start,
        periods.period_end,
        periods.time_zone,
        periods.operating_year,
        revisions.revision,
        revisions.supersedes_event_id,
        revisions.status,
        revisions.severity,
        evidence.meter_ids,

        -- result
        periods.unit,
        periods.expected,
        periods.guaranteed,
        periods.actual,
        periods.deemed,
        periods.counted,
        periods.shortfall,
        periods.hours_expected,
        periods.hours_available,
        periods.availability_percent,
        periods.raw_availability_percent,
        periods.data_completeness_percent,
        periods.usable_percent,
        periods.excused_hours,
        periods.excused_hours_by_class,
        periods.excused_event_ids,
        terms.missing_policy,

        -- money
        periods.ld_before_cap,
        periods.ld_cap,
        periods.ld_payable,
        cast(revisions.ld_change as numeric(20, 6)) as ld_change,
        periods.currency_code,
        periods.payment_amount,
        periods.payment_currency_code,
        periods.fx_rate,
        terms.rounding,
        periods.calculation,

        -- lineage
        cast({{ open_publication_id() }} as bigint) as publication_id,
        now() as detected_at,

        -- written later, by people and by preservation
        cast(null as date) as notified_on,
        cast(null as date) as cure_until_on,
        cast(null as timestamptz) as cure_ends_at,
        evidence.evidence,
        cast(null as timestamptz) as evidence_archived_at
    from revisions
    inner join periods using ({{ period_key() }})
    inner join evidence using ({{ period_key() }})
    inner join terms
        on periods.organization_id = terms.organization_id and periods.obligation_id = terms.obligation_id

)

select * from final
