with

reads as (

    select * from {{ ref('stg_billing__reads') }}

),

meters as (

    select * from {{ source('core', 'meter') }}

),

lines as (

    select
        lines.*,
        contracts.project_id,
        contracts.currency_code as contract_currency_code,
        coalesce(lines.billing_calendar, contracts.billing_calendar) as calendar,
        projects.time_zone
    from {{ source('core', 'contract_line') }} as lines
    inner join {{ source('core', 'contract') }} as contracts
        on lines.organization_id = contracts.organization_id and lines.contract_id = contracts.contract_id
    inner join {{ source('core', 'project') }} as projects
        on contracts.organization_id = projects.organization_id and contracts.project_id = projects.project_id
    where lines.is_active

),

-- a read names its line by our id, by its external id, or by a meter that has one line of that number and category
named as (

    select
        reads.*,
        case
            when reads.given_contract_line_id is not null then by_id.contract_line_id
            when reads.external_line_id is not null then by_name.contract_line_id
            else by_meter.contract_line_id
        end as billed_line_id
    from reads
    left join lines as by_id
        on
            reads.organization_id = by_id.organization_id
            and reads.given_contract_line_id = by_id.contract_line_id
    left join lines as by_name
        on
            reads.organization_id = by_name.organization_id
            and reads.external_line_id = by_name.external_line_id
    left join lateral (
        select min(lines.contract_line_id) as contract_line_id
        from lines
        inner join meters on lines.organization_id = meters.organization_id and lines.meter_id = meters.meter_id
        where
            num_nonnulls(reads.given_contract_line_id, reads.external_line_id) = 0
            and lines.organization_id = reads.organization_id
            and case
                when reads.given_meter_id is not null then meters.meter_id = reads.given_meter_id
                else reads.external_meter_id in (meters.external_meter_id, meters.serial_number)
            end
            and lines.line_number = coalesce(reads.line_number, lines.line_number)
            and lines.energy_category = coalesce(reads.category_word, lines.energy_category)
            and reads.bill_on >= coalesce(lines.effective_start_on, '-infinity')
            and reads.bill_on <= coalesce(lines.effective_end_on, 'infinity')
        having count(*) = 1
    ) as by_meter on true

),

-- a mother line has no meter: her first active child with one is where the energy was measured
placed as (

    select
        named.*,
        lines.contract_id,
        lines.project_id,
        lines.time_zone,
        lines.contract_currency_code,
        lines.effective_start_on,
        lines.effective_end_on,
        lines.calendar,
        lines.energy_category as line_category,
        coalesce(children.contract_line_id, lines.contract_line_id) as contract_line_id,
        coalesce(lines.meter_id, children.meter_id) as meter_id
    from named
    left join lines on named.billed_line_id = lines.contract_line_id
    left join lateral (
        select
            child.contract_line_id,
            child.meter_id
        from lines as child
        where
            lines.meter_id is null
            and child.parent_contract_line_id = lines.contract_line_id
            and child.meter_id is not null
        order by child.contract_line_id
        limit 1
    ) as children on true

),

-- a bill is dated with the last day of its period: the organization's own calendar first, then the common one
dated as (

    select
        placed.*,
        periods.billing_period_id,
        periods.start_on as period_first_on,
        periods.end_on as period_last_on,
        coalesce(placed.bill_on, periods.end_on) as billed_on
    from placed
    left join lateral (
        select period.*
        from {{ source('core', 'billing_period') }} as period
        where
            (period.organization_id = placed.organization_id or period.organization_id is null)
            and case
                when placed.given_billing_period_id is not null
                    then period.billing_period_id = placed.given_billing_period_id
                else
                    period.calendar = coalesce(placed.calendar, 'month')
                    and period.end_on = placed.bill_on
                    and period.start_on = coalesce(placed.period_start_on, period.start_on)
            end
        order by period.organization_id asc nulls last
        limit 1
    ) as periods on true

),

-- only a price that is valid on the day of the bill; none is better than a wrong one
priced as (

    select
        dated.*,
        tariffs.tariff_id
    from dated
    left join lateral (
        select tariff.tariff_id
        from {{ source('core', 'tariff') }} as tariff
        where
            tariff.organization_id = dated.organization_id
            and case
                when dated.given_tariff_id is not null then tariff.tariff_id = dated.given_tariff_id
                else tariff.tariff_group_key = dated.tariff_group_key and tariff.is_current
            end
            and dated.billed_on >= coalesce(tariff.valid_from_on, '-infinity')
            and dated.billed_on <= coalesce(tariff.valid_to_on, 'infinity')
        order by tariff.valid_from_on desc nulls last, tariff.tariff_id desc
        limit 1
    ) as tariffs on true

),

used as (

    select
        priced.*,
        {{ billing_category('category_word', 'adapter', 'product_desc', 'line_category') }} as energy_category,
        cast({{ register_difference(
            'priced.opening_reading_kwh',
            'priced.closing_reading_kwh',
            'coalesce(priced.register_modulus_kwh, meters.register_modulus_wh / 1000)',
            '1e13'
        ) }} as numeric(20, 6)) as register_use_kwh
    from priced
    left join meters on priced.organization_id = meters.organization_id and priced.meter_id = meters.meter_id

),

produced as (

    select
        *,
        coalesce(utilized_reading_kwh, register_use_kwh) as use_kwh,
        coalesce(
            delivered_production_kwh,
            coalesce(utilized_reading_kwh, register_use_kwh) - discount_reading_kwh - sourced_energy_kwh,
            case when not is_energy and energy_category = 'test' then 0 end
        ) as production_kwh
    from used

),

final as (

    select
        -- identity
        load_id,
        staged_on,
        row_number,
        organization_id,
        source_system,
        adapter,
        project_id,
        contract_id,
        billed_line_id,
        contract_line_id,
        meter_id,
        billing_period_id,
        tariff_id,
        external_line_id,
        external_meter_id,
        given_meter_id,
        given_contract_line_id,
        given_billing_period_id,
        tariff_group_key,

        -- period
        billed_on as bill_on,
        period_start_on,
        period_first_on,
        period_last_on,
        cast(period_first_on as timestamp) at time zone time_zone as period_start,
        cast(period_last_on + 1 as timestamp) at time zone time_zone as period_end,
        time_zone,
        effective_start_on,
        effective_end_on,

        -- measure
        energy_category,
        category_word,
        product_desc,
        currency_code,
        contract_currency_code,
        quantity_unit,
        is_energy,
        opening_reading_kwh,
        closing_reading_kwh,
        utilized_reading_kwh,
        register_use_kwh,
        use_kwh,
        discount_reading_kwh,
        sourced_energy_kwh,
        cast(production_kwh as numeric(20, 6)) as total_production_kwh,
        cast(case when energy_category = 'metered' then production_kwh end as numeric(20, 6)) as energy_kwh,
        cast(
            case energy_category when 'available' then production_kwh else delivered_available_kwh end as numeric(20, 6)
        ) as available_energy_kwh,
        external_reading_id,
        source_metadata,
        received_at,
        unparsed,
        not_finite_columns
    from produced

)

select * from final
