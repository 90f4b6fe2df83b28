with

periods as (

    select
        touched.*,
        obligations.guarantee,
        obligations.base_energy_kwh,
        obligations.degradation_per_year,
        versions.year_anchor_on
    from {{ ref('int_obligation_periods__touched') }} as touched
    inner join {{ source('core', 'obligation') }} as obligations using (organization_id, obligation_id)
    inner join {{ source('core', 'contract_version') }} as versions
        on
            obligations.organization_id = versions.organization_id
            and obligations.contract_version_id = versions.contract_version_id
    where touched.metric = 'energy'

),

-- every contract year that the period has days of
years as (

    select
        periods.*,
        years.n as year,
        {{ contract_year_start('years.n', 'periods.year_anchor_on') }} as year_start_on,
        {{ contract_year_start('years.n + 1', 'periods.year_anchor_on') }} as next_year_on
    from periods
    cross join
        generate_series(periods.operating_year, core.operating_year(periods.period_end_on, periods.year_anchor_on))
            as years (n)

),

promised as (

    select
        years.*,
        least(years.period_end_on + 1, years.next_year_on)
        - case
            when years.year = 1 then years.period_start_on
            else greatest(years.period_start_on, years.year_start_on)
        end as day_count,
        years.next_year_on - years.year_start_on as year_day_count,
        coalesce(
            listed.expected_kwh,
            years.base_energy_kwh
            * power(cast(1 - years.degradation_per_year as numeric(42, 40)), cast(years.year - 1 as numeric))
        ) as year_expected_kwh,
        listed.guaranteed_kwh as listed_guaranteed_kwh
    from years
    left join {{ source('core', 'guarantee_year') }} as listed
        on
            years.organization_id = listed.organization_id
            and years.obligation_id = listed.obligation_id
            and years.year = listed.operating_year

),

priced as (

    select
        *,
        coalesce(listed_guaranteed_kwh, year_expected_kwh * guarantee / 100) as year_guaranteed_kwh
    from promised

),

final as (

    select
        {{ period_key() }},
        {%- for amount in ['expected', 'guaranteed'] %}
        -- unknown as soon as one year is
        cast(case
            when count(year_{{ amount }}_kwh) = count(*) then sum(year_{{ amount }}_kwh * day_count / year_day_count)
        end as numeric(38, 18)) as {{ amount }}_kwh,
        {%- endfor %}
        jsonb_agg(jsonb_build_object(
            'operating_year', year,
            'expected_kwh', {{ plain('year_expected_kwh') }},
            'guaranteed_kwh', {{ plain('year_guaranteed_kwh') }},
            'days', day_count,
            'days_of_year', year_day_count
        ) order by year) as years
    from priced
    group by {{ period_key() }}

)

select * from final
