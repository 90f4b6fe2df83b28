-- Claims use up the caps one after the other, so each one has to know what those before it left.
with recursive

claims as (

    select * from {{ ref('int_obligation_claims__ordered') }}

),

-- `so_far`: what was paid by a code in a year, a code, the contract in a year, the contract
paid as (

    select distinct
        organization_id,
        contract_id,
        cast(0 as bigint) as place,
        {%- for level in cap_levels() %}
        cast(0 as numeric) as {{ level }}_used,
        {%- endfor %}
        cast(null as numeric) as ld_cap,
        cast('{}' as jsonb) as so_far
    from claims

    union all

    select
        claims.organization_id,
        claims.contract_id,
        claims.place,
        {%- for level in cap_levels() %}
        {{ cap_used(level) }} as {{ level }}_used,
        {%- endfor %}
        {{ cap_left() }} as ld_cap,
        paid.so_far || jsonb_build_object(
            {%- for level, key in cap_levels().items() %}
            {{ key }}, {{ cap_used(level) }} + least(claims.ld_before_cap, {{ cap_left() }}){{ ',' if not loop.last }}
            {%- endfor %}
        ) as so_far
    from paid
    inner join claims
        on
            paid.organization_id = claims.organization_id
            and paid.contract_id = claims.contract_id
            and paid.place + 1 = claims.place

),

final as (

    select
        claims.*,
        {%- for level in cap_levels() %}
        paid.{{ level }}_used,
        {%- endfor %}
        paid.ld_cap,
        least(claims.ld_before_cap, paid.ld_cap) as ld_payable,
        -- before rounding, for what is converted before it is rounded
        least(claims.ld_exact, paid.ld_cap) as ld_payable_exact
    from claims
    inner join paid using (organization_id, contract_id, place)

)

select * from final
