with

resolved as (

    select
        *,
        coalesce(
            cast(billed_line_id as text),
            concat_ws('/', external_line_id, given_contract_line_id, external_meter_id, given_meter_id)
        ) as line_key,
        coalesce(period_last_on, bill_on) as period_key,
        {{ flaw('unparsed', 'B203%', 'text') }} as field_count_problem,
        {{ flawed_columns('unparsed', 'B204_TEXT') }} as text_problem_columns,
        {{ flawed_columns('unparsed', 'B201_NOT_NUMERIC') }} as not_numeric_columns
    from {{ ref('int_billing__resolved') }}

),

followed as (

    select
        *,
        row_number() over (
            partition by load_id, staged_on, line_key, period_key
            order by row_number desc
        ) as place_in_period,
        lag(period_last_on) over line as previous_last_on,
        lag(opening_reading_kwh) over line as previous_opening_kwh,
        lag(closing_reading_kwh) over line as previous_closing_kwh
    from resolved
    window line as (
        partition by load_id, staged_on, organization_id, billed_line_id
        order by period_last_on asc, row_number asc
    )

),

-- the register goes on where the period before ended: in the same delivery, else in what is stored
continued as (

    select
        followed.*,
        case
            when followed.previous_last_on + 1 = followed.period_first_on then followed.previous_opening_kwh
            else stored.opening_reading_kwh
        end as before_opening_kwh,
        case
            when followed.previous_last_on + 1 = followed.period_first_on then followed.previous_closing_kwh
            else stored.closing_reading_kwh
        end as before_closing_kwh
    from followed
    left join {{ stored_billing_reads() }} as stored
        on
            followed.organization_id = stored.organization_id
            and followed.billed_line_id = stored.billed_line_id
            and followed.period_start = stored.period_end
            and stored.superseded_at is null

),

final as (

    select
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
        bill_on,
        energy_category,
        opening_reading_kwh,
        closing_reading_kwh,
        utilized_reading_kwh,
        total_production_kwh,
        unparsed,

        -- what a rule looks at; null wherever another rule says already what is wrong with the row
        field_count_problem,
        text_problem_columns,
        not_numeric_columns,
        not_finite_columns,
        case
            when field_count_problem is null
                then coalesce(
                    {{ flaw('unparsed', 'R105%', 'code') }},
                    {{ flaw('unparsed', 'B102%', 'code') }},
                    case when bill_on is null and given_billing_period_id is null then 'B101_DATE_MISSING' end
                )
        end as date_code,
        case when not is_energy and coalesce(energy_category, '') <> 'test' then quantity_unit end as unknown_unit,
        case when energy_category is null then category_word end as unknown_category,
        case
            when
                total_production_kwh is null and is_energy
                and num_nonnulls(field_count_problem, not_numeric_columns, not_finite_columns) = 0
                then coalesce(product_desc, external_line_id, '')
        end as unmeasured_read,
        case
            when
                register_use_kwh is null and closing_reading_kwh < opening_reading_kwh and not_finite_columns is null
                then opening_reading_kwh - closing_reading_kwh
        end as register_fall_kwh,
        abs(utilized_reading_kwh - register_use_kwh) as use_gap_kwh,
        case when bill_on is null and billing_period_id is null then 1 else place_in_period end as duplicate_rank,
        case
            when billed_line_id is null and field_count_problem is null
                then coalesce(nullif(line_key, ''), 'no line named')
        end as unresolved_line,
        case
            when billing_period_id is null
                then coalesce('period ' || given_billing_period_id, cast(bill_on as text))
        end as unresolved_period,
        case when bill_on < effective_start_on or bill_on > effective_end_on then bill_on end as outside_line_on,
        case when currency_code <> contract_currency_code then currency_code end as other_currency_code,
        case
            when tariff_id is null and billed_line_id is not null and billing_period_id is not null
                then coalesce(tariff_group_key, '')
        end as unpriced_key,
        case
            when opening_reading_kwh <> 0 or before_opening_kwh <> 0
                then abs(opening_reading_kwh - before_closing_kwh)
        end as register_gap_kwh,
        received_at
    from continued

)

select * from final
