with

delivered as (

    select
        *,
        {{ safe_jsonb('source_metadata') }} as metadata,
        {{ safe_jsonb('unparsed') }} as flaws
    from {{ source('raw', 'billing_read') }}

),

loads as (

    select * from {{ source('ops', 'ingestion_log') }}

),

units as (
    {{ unit_factors() }}
),

measured as (

    select
        delivered.*,
        loads.organization_id,
        loads.source_system,
        loads.hints ->> 'adapter' as adapter,
        loads.received_at,
        units.factor / 1000 as kwh_factor
    from delivered
    inner join loads on delivered.load_id = loads.load_id
    left join units
        on units.quantity = 'energy' and {{ unit_symbol('delivered.quantity_unit', 'kwh') }} = units.symbol

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
        external_line_id,
        external_meter_id,
        line_number,
        meter_id as given_meter_id,
        contract_line_id as given_contract_line_id,
        billing_period_id as given_billing_period_id,
        tariff_id as given_tariff_id,
        tariff_group_key,
        bill_on,
        period_start_on,

        -- measure
        {%- for amount in ['opening_reading', 'closing_reading', 'utilized_reading', 'register_modulus'] %}
        cast({{ canonical_amount(amount, 'kwh_factor') }} as numeric(20, 6)) as {{ amount }}_kwh,
        {%- endfor %}
        {%- for amount in ['discount_reading', 'sourced_energy'] %}
        cast(coalesce({{ canonical_amount(amount, 'kwh_factor') }}, 0) as numeric(20, 6)) as {{ amount }}_kwh,
        {%- endfor %}
        cast({{ canonical_amount('total_production') }} as numeric(20, 6)) as delivered_production_kwh,
        cast({{ canonical_amount('available_energy') }} as numeric(20, 6)) as delivered_available_kwh,
        kwh_factor is not null as is_energy,
        quantity_unit,
        lower(btrim(energy_category)) as category_word,
        product_desc,
        upper(btrim(currency_code)) as currency_code,
        external_reading_id,
        coalesce(metadata, '{}') as source_metadata,
        received_at,

        -- judging
        flaws as unparsed,
        nullif(concat_ws(
            ',',
            {{ flawed_columns('flaws', 'B202_NOT_FINITE') }}
            {%- for amount in [
                'opening_reading', 'closing_reading', 'utilized_reading', 'discount_reading', 'sourced_energy',
                'register_modulus'
            ] %},
            case when abs({{ amount }}) >= 1e13 / kwh_factor then '{{ amount }}' end
            {%- endfor %}
            {%- for amount in ['total_production', 'available_energy'] %},
            case when abs({{ amount }}) >= 1e13 then '{{ amount }}' end
            {%- endfor %}
        ), '') as not_finite_columns
    from measured

)

select * from final
