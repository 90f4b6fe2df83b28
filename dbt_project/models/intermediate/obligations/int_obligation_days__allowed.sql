{%- set kept = [
    'slots_expected', 'measured_slots', 'estimated_slots', 'substituted_slots', 'produced_hours', 'no_data_hours',
    'excused_hours_by_class', 'excused_event_ids', 'raw_hours_expected', 'raw_hours_available',
    'expected_irradiation_wh_m2', 'produced_irradiation_wh_m2', 'no_data_irradiation_wh_m2', 'irradiation_wh_m2',
    'energy_wh', 'substituted_energy_wh', 'correction_wh', 'deemed_slots', 'deemed_irradiance_sum_wm2',
    'reference_energy_wh', 'reference_irradiance_sum_wm2', 'ratio_energy_wh', 'ratio_reference_kwh_per_kwp',
    'ratio_corrected_kwh_per_kwp'
] -%}
{%- set moved = [
    'not_producing_hours', 'excused_hours', 'excused_irradiation_wh_m2', 'lost_energy_wh', 'excused_lost_energy_wh'
] -%}
with

touched as (

    select
        touched.organization_id,
        touched.contract_id,
        touched.obligation_code,
        touched.obligation_id,
        touched.period_start_on,
        touched.period_end_on,
        obligations.maintenance_hours_per_year,
        versions.year_anchor_on,
        -- days before the period used up its allowance of maintenance, or teach what curtailed energy would have been
        least(
            touched.period_start_on,
            case
                when obligations.maintenance_hours_per_year is not null
                    then {{ contract_year_start('touched.operating_year', 'versions.year_anchor_on') }}
            end,
            case
                when obligations.deemed_method = 'interval'
                    then cast(date_trunc('month', touched.period_start_on) - interval '1 month' as date)
            end
        ) as history_from_on
    from {{ ref('int_obligation_periods__touched') }} as touched
    inner join {{ source('core', 'obligation') }} as obligations using (organization_id, obligation_id)
    inner join {{ source('core', 'contract_version') }} as versions
        on
            obligations.organization_id = versions.organization_id
            and obligations.contract_version_id = versions.contract_version_id

),

versions as (

    select
        organization_id,
        contract_id,
        obligation_code,
        obligation_id as day_obligation_id,
        version
    from {{ source('core', 'obligation') }}

),

-- a day of the period is the governing version's; one before it may only have been assessed under another
days as (

    select distinct on ({{ period_key('touched') }}, days.meter_id, days.day_on)
        {{ period_key('touched') }},
        touched.maintenance_hours_per_year,
        core.operating_year(days.day_on, touched.year_anchor_on) as day_operating_year,
        days.day_on >= touched.period_start_on as is_in_period,
        coalesce(cast(days.excused_hours_by_class ->> 'scheduled_maintenance' as numeric), 0) as maintenance_hours,
        days.meter_id,
        days.day_on,
        {%- for column in kept + moved %}
        days.{{ column }},
        {%- endfor %}
        days.reading_interval_seconds,
        {{ elapsed_seconds('days.day_start', 'days.day_end') }} as day_seconds
    from touched
    inner join versions using (organization_id, contract_id, obligation_code)
    inner join {{ ref('obligation_day') }} as days
        on
            versions.organization_id = days.organization_id
            and versions.day_obligation_id = days.obligation_id
            and days.day_on between touched.history_from_on and touched.period_end_on
    where versions.day_obligation_id = touched.obligation_id or days.day_on < touched.period_start_on
    order by
        {{ period_key('touched') }},
        days.meter_id asc,
        days.day_on asc,
        (versions.day_obligation_id = touched.obligation_id) desc,
        versions.version desc

),

used as (

    select
        *,
        sum(maintenance_hours) over (
            partition by {{ period_key() }}, meter_id, day_operating_year
            order by day_on
            rows between unbounded preceding and current row
        ) as maintenance_hours_used
    from days

),

exceeded as (

    select
        *,
        case
            when is_in_period and maintenance_hours > 0
                then
                    greatest(0, maintenance_hours_used - maintenance_hours_per_year)
                    - greatest(0, maintenance_hours_used - maintenance_hours - maintenance_hours_per_year)
            else 0
        end as exceeding_hours
    from used

),

shares as (

    select
        *,
        coalesce(exceeding_hours, 0) as moved_hours,
        coalesce(exceeding_hours / nullif(excused_hours, 0), 0) as moved_share
    from exceeded

),

-- maintenance beyond the allowance excuses nothing: its hours count as not producing
final as (

    select
        {{ period_key() }},
        meter_id,
        day_on,
        is_in_period,
        day_seconds,
        reading_interval_seconds,
        {%- for column in kept %}
        {{ column }},
        {%- endfor %}
        not_producing_hours + moved_hours as not_producing_hours,
        excused_hours - moved_hours as excused_hours,
        moved_hours as exceeding_maintenance_hours,
        excused_irradiation_wh_m2 * (1 - moved_share) as excused_irradiation_wh_m2,
        lost_energy_wh + coalesce(excused_lost_energy_wh * moved_share, 0) as lost_energy_wh,
        excused_lost_energy_wh * (1 - moved_share) as excused_lost_energy_wh
    from shares

)

select * from final
