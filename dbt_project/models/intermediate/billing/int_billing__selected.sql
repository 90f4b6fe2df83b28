{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

resolved as (

    select * from {{ ref('int_billing__resolved') }}
    where {{ of_open_publication() }}

),

refused as (

    select
        load_id,
        row_number
    from {{ source('quarantine', 'rejected_row') }}
    where status = 'open'

),

final as (

    select
        cast({{ open_publication_id() }} as bigint) as publication_id,
        resolved.load_id,
        resolved.row_number,
        resolved.organization_id,
        resolved.project_id,
        resolved.contract_id,
        resolved.billed_line_id,
        resolved.contract_line_id,
        resolved.meter_id,
        resolved.billing_period_id,
        resolved.tariff_id,
        resolved.bill_on,
        resolved.period_start,
        resolved.period_end,
        resolved.time_zone,
        resolved.energy_category,
        resolved.product_desc,
        resolved.currency_code,
        resolved.opening_reading_kwh,
        resolved.closing_reading_kwh,
        resolved.use_kwh as utilized_reading_kwh,
        resolved.discount_reading_kwh,
        resolved.sourced_energy_kwh,
        resolved.total_production_kwh,
        resolved.energy_kwh,
        resolved.available_energy_kwh,
        resolved.source_system,
        resolved.external_reading_id,
        resolved.source_metadata,
        resolved.received_at
    from resolved
    left join refused on resolved.load_id = refused.load_id and resolved.row_number = refused.row_number
    where
        refused.load_id is null
        and resolved.billed_line_id is not null
        and resolved.billing_period_id is not null
        and resolved.energy_category is not null
        and resolved.total_production_kwh is not null

)

select * from final
