{{ config(materialized='table', unlogged=true, tags=['contracts'], post_hook='analyze {{ this }}') }}

with

periods as (

    select * from {{ ref('int_obligation_periods__governed') }}
    where metric = 'availability'

),

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}

),

touched as (

    select
        organization_id,
        meter_id,
        day_start,
        date_trunc('month', day_start, time_zone) as month_start
    from {{ ref('int_obligation_days__touched') }}

    union

    select
        organization_id,
        meter_id,
        day_start,
        month_start
    from {{ ref('int_days__authoritative') }}

),

months as (

    select distinct
        organization_id,
        meter_id,
        month_start
    from touched

),

stored as (

    select
        *,
        date_trunc('month', day_start, time_zone) as month_start
    from {{ ref('obligation_day') }}

),

-- several promises may look at a meter; the oldest promise of availability that governs the day speaks for it
speaking as (

    select distinct on (stored.organization_id, stored.meter_id, stored.day_start) stored.*
    from stored
    inner join months using (organization_id, meter_id, month_start)
    inner join periods
        on
            stored.obligation_id = periods.obligation_id
            and stored.day_on between periods.period_start_on and periods.period_end_on
    order by
        stored.organization_id asc,
        stored.meter_id asc,
        stored.day_start asc,
        stored.obligation_id asc

),

final as (

    select
        speaking.organization_id,
        speaking.obligation_id,
        speaking.meter_id,
        speaking.day_start,
        speaking.month_start,
        touched.day_start is not null as is_touched,
        terms.excused_method,
        terms.missing_policy,
        terms.capacity_kwp,
        {%- for category in slot_categories()[:4] %}
        round(3600 * speaking.{{ category }}_hours) as {{ category }}_seconds,
        {%- endfor %}
        round(3600 * speaking.raw_hours_expected) as raw_expected_seconds,
        round(3600 * speaking.raw_hours_available) as raw_available_seconds,
        speaking.produced_irradiation_wh_m2,
        speaking.expected_irradiation_wh_m2 - speaking.produced_irradiation_wh_m2
        - speaking.excused_irradiation_wh_m2 - speaking.no_data_irradiation_wh_m2 as not_producing_irradiation_wh_m2,
        speaking.excused_irradiation_wh_m2,
        speaking.no_data_irradiation_wh_m2,
        speaking.irradiation_wh_m2,
        speaking.energy_wh,
        speaking.lost_energy_wh,
        speaking.ratio_energy_wh,
        speaking.ratio_reference_kwh_per_kwp,
        speaking.ratio_corrected_kwh_per_kwp
    from speaking
    inner join terms using (obligation_id, meter_id)
    left join touched on speaking.meter_id = touched.meter_id and speaking.day_start = touched.day_start

)

select * from final
