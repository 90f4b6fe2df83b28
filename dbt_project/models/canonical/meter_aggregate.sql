{{ config(
    unique_key=['organization_id', 'meter_id', 'period_type', 'period_start', 'billed_line_id', 'billing_period_id'],
    post_hook="select core.analyze_grown('{{ this }}')",
    meta={
        'may_hold': 'periods_may_be_known',
        'nullable_key': ['meter_id', 'billed_line_id', 'billing_period_id'],
        'bookkeeping': ['publication_id', 'aggregated_at']
    }
) }}
{%- set may_be_known = periods_may_be_known() %}
{%- set counts = ['reading_count', 'measured_count', 'estimated_count', 'slots_expected'] -%}
{%- set base = [
    'organization_id', 'project_id', 'meter_id', 'period_type', 'period_start', 'period_end', 'time_zone',
    'source_system', 'reading_interval_seconds', 'energy_wh', 'energy_kwh'
] + counts + ['data_completeness_percent'] %}

with

assessed as (

    select * from {{ ref('int_periods__assessed') }}

),

read as (

    select * from {{ ref('int_periods__rolled_up') }}

),

{%- if may_be_known %}

-- what was read before stays, where only its assessment changes
stored as (

    select stored.*
    from {{ stored_aggregates() }} as stored
    inner join assessed using (organization_id, meter_id, period_type, period_start)
    left join read using (organization_id, meter_id, period_type, period_start)
    where stored.basis = 'interval' and read.meter_id is null

),
{%- endif %}

periods as (

    {% for relation in (['read', 'stored'] if may_be_known else ['read']) -%}
    select
        {%- for column in base %}
        {{ column }},
        {%- endfor %}
        usable_percent
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

meters as (

    select
        organization_id,
        meter_id,
        rated_power_w
    from {{ source('core', 'meter') }}

),

rolled_up as (

    select
        periods.*,
        assessed.obligation_id as assessed_obligation_id,
        {%- for column in assessed_columns() %}
        assessed.{{ column }},
        {%- endfor %}
        360000 * periods.energy_wh
        / (meters.rated_power_w * {{ elapsed_seconds('periods.period_start', 'periods.period_end') }})
            as capacity_factor_percent,
        'interval' as basis
    from periods
    inner join meters using (organization_id, meter_id)
    left join assessed using (organization_id, meter_id, period_type, period_start)

),

billed as (

    select
        *,
        'monthly' as period_type,
        1000 * energy_kwh as energy_wh,
        'billing' as basis
    from {{ ref('int_billing__aggregated') }}

),

final as (

    {% for relation in ['rolled_up', 'billed'] -%}
    {%- set is_billed = relation == 'billed' -%}
    select
        organization_id,
        project_id,
        meter_id,
        period_type,
        period_start,
        period_end,
        time_zone,
        source_system,
        cast({{ 'null' if is_billed else 'reading_interval_seconds' }} as integer) as reading_interval_seconds,
        cast(energy_wh as numeric(20, 6)) as energy_wh,
        cast(energy_kwh as numeric(20, 9)) as energy_kwh,
        {%- for count in counts %}
        cast({{ 'null' if is_billed else count }} as bigint) as {{ count }},
        {%- endfor %}
        {%- for share in ['data_completeness_percent', 'usable_percent'] %}
        cast({{ 'null' if is_billed else share }} as numeric(7, 4)) as {{ share }},
        {%- endfor %}
        cast({{ open_publication_id() }} as bigint) as publication_id,
        now() as aggregated_at,
        basis,
        {%- for id in ['billed_line_id', 'contract_line_id', 'billing_period_id', 'tariff_id'] %}
        cast({{ id if is_billed else 'null' }} as bigint) as {{ id }},
        {%- endfor %}
        cast({{ 'energy_category' if is_billed else 'null' }} as text) as energy_category,
        {%- for amount in [
            'opening_reading_kwh', 'closing_reading_kwh', 'utilized_reading_kwh', 'discount_reading_kwh',
            'sourced_energy_kwh', 'total_production_kwh', 'available_energy_kwh'
        ] %}
        cast({{ amount if is_billed else 'null' }} as numeric(20, 6)) as {{ amount }},
        {%- endfor %}
        cast({{ 'null' if is_billed else 'assessed_obligation_id' }} as bigint) as assessed_obligation_id,
        {%- for column in assessed_columns() %}
        cast({{ 'null' if is_billed else column }} as numeric(20, 10)) as {{ column }},
        {%- endfor %}
        cast({{ 'null' if is_billed else 'capacity_factor_percent' }} as numeric(20, 10)) as capacity_factor_percent
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
