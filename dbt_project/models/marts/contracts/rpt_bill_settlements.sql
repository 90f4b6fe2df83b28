with

reads as (

    select
        *,
        coalesce(energy_kwh, available_energy_kwh) as charged_kwh
    from {{ ref('billing_read') }}
    where superseded_at is null and energy_category <> 'test'

),

-- a tariff that is not one of energy prices nothing here
priced as (

    select
        reads.*,
        case when lower(tariffs.unit) = 'kwh' then tariffs.base_rate end as rate,
        coalesce(tariffs.currency_code, reads.currency_code) as bill_currency_code
    from reads
    left join {{ source('core', 'tariff') }} as tariffs
        on reads.organization_id = tariffs.organization_id and reads.tariff_id = tariffs.tariff_id

),

bills as (

    select
        organization_id,
        project_id,
        contract_id,
        billing_period_id,
        bill_currency_code as currency_code,
        sum(charged_kwh) as billed_kwh,
        count(*) filter (where rate is null) as unpriced_line_count,
        sum(round(charged_kwh * rate, 2)) as energy_charge,
        max(publication_id) as publication_id
    from priced
    group by 1, 2, 3, 4, 5

),

claims as (

    select
        *,
        coalesce(payment_currency_code, currency_code) as paid_currency_code
    from {{ ref('obligation_period') }}
    where outcome = 'breached' and ld_before_cap > 0

),

-- damages arise when a period ends, so they lower the bill of that day
settled as (

    select
        bills.organization_id,
        bills.contract_id,
        bills.billing_period_id,
        bills.currency_code,
        sum(claims.payment_amount) filter (where claims.paid_currency_code = bills.currency_code) as damages,
        count(*) filter (where claims.paid_currency_code <> bills.currency_code or claims.payment_amount is null)
            as other_claim_count,
        max(claims.publication_id) as publication_id
    from bills
    inner join {{ source('core', 'billing_period') }} as periods using (billing_period_id)
    inner join claims
        on
            bills.organization_id = claims.organization_id
            and bills.contract_id = claims.contract_id
            and claims.period_end_on between periods.start_on and periods.end_on
    group by 1, 2, 3, 4

),

final as (

    select
        bills.organization_id,
        bills.project_id,
        bills.contract_id,
        contracts.external_contract_id as contract_number,
        contracts.name as contract_name,
        bills.billing_period_id,
        periods.name as billing_period,
        periods.start_on as period_start_on,
        periods.end_on as period_end_on,
        bills.currency_code,
        bills.billed_kwh,
        bills.unpriced_line_count,
        bills.energy_charge,
        coalesce(settled.damages, 0) as damages,
        coalesce(settled.other_claim_count, 0) as other_claim_count,
        -- a bill without the price of a line has no total
        case
            when bills.unpriced_line_count = 0 then bills.energy_charge - coalesce(settled.damages, 0)
        end as net_amount,
        greatest(bills.publication_id, settled.publication_id) as publication_id,
        coalesce(
            greatest(bills.publication_id, settled.publication_id) <= ops.last_closed_publication_id(), false
        ) as is_final
    from bills
    left join settled using (organization_id, contract_id, billing_period_id, currency_code)
    inner join {{ source('core', 'billing_period') }} as periods using (billing_period_id)
    inner join {{ source('core', 'contract') }} as contracts
        on bills.organization_id = contracts.organization_id and bills.contract_id = contracts.contract_id

)

select * from final
