{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

touched as (

    select * from {{ ref('int_obligation_periods__touched') }}

),

terms as (

    select
        organization_id,
        obligation_id,
        capacity_kwp,
        capacity_ac_kw,
        efficiency_factor,
        is_temperature_corrected,
        missing_policy,
        excused_method,
        weighting,
        promised_on,
        achieved_on
    from {{ source('core', 'obligation') }}

),

summed as (

    select
        summed.*,
        touched.metric,
        terms.capacity_kwp,
        terms.capacity_ac_kw,
        terms.efficiency_factor,
        terms.is_temperature_corrected,
        terms.missing_policy,
        terms.excused_method,
        terms.weighting,
        -- a running period goes as far as it was assessed
        case
            when touched.is_settled then {{ elapsed_seconds('touched.period_start', 'touched.period_end') }}
            else summed.assessed_seconds
        end / 3600.0 as hours,
        greatest(
            0,
            least(touched.period_end_on, terms.achieved_on, cast(now() at time zone touched.time_zone as date))
            - greatest(touched.period_start_on - 1, terms.promised_on)
        ) as late_days,
        summed.energy_wh / 1000 as energy_kwh,
        summed.lost_energy_wh / 1000 as lost_energy_kwh,
        summed.excused_lost_energy_wh / 1000 as excused_lost_energy_kwh
    from touched
    inner join {{ ref('int_obligation_periods__summed') }} as summed using ({{ period_key() }})
    inner join terms
        on touched.organization_id = terms.organization_id and touched.obligation_id = terms.obligation_id

),

based as (

    select
        *,
        -- hours in which the plant could have run, for the capacity factor
        hours - plant_excused_hours
        - case when missing_policy = 'unavailable' then 0 else plant_no_data_hours end as running_hours
    from summed

),

modelled as (

    select
        *,
        case metric
            when 'availability' then energy_kwh + lost_energy_kwh
            when 'performance_ratio'
                then
                    capacity_kwp * case
                        when is_temperature_corrected then corrected_reference_yield_hours
                        else reference_yield_hours
                    end
            when 'capacity_factor' then capacity_ac_kw * running_hours * efficiency_factor
        end as reference_energy_kwh
    from based

),

measured as (

    select
        *,
        {{ ratio('100 * hours_available', 'hours_expected') }} as time_percent,
        {{ ratio('weighted_percent', 'weight') }} as capacity_percent,
        {{ ratio('100 * irradiation_available', 'irradiation_expected') }} as irradiance_percent,
        {{ ratio('100 * energy_kwh', 'energy_kwh + lost_energy_kwh') }} as energy_percent,
        {{ ratio(
            "100 * (energy_kwh + case when excused_method = 'credit' then excused_lost_energy_kwh else 0 end)",
            "energy_kwh + lost_energy_kwh + case when excused_method = 'credit' then excused_lost_energy_kwh else 0 end"
        ) }} as contractual_energy_percent,
        {{ ratio('100 * raw_hours_available', 'raw_hours_expected') }} as raw_percent,
        {{ ratio('100 * measured_slots', 'slots_expected') }} as completeness_percent,
        {{ ratio('100 * (measured_slots + estimated_slots + substituted_slots)', 'slots_expected') }} as usable_percent,
        {{ ratio('ratio_energy_wh', '1000 * capacity_kwp * reference_yield_hours') }} as performance_ratio,
        {{ ratio('ratio_energy_wh', '1000 * capacity_kwp * corrected_reference_yield_hours') }}
            as corrected_performance_ratio,
        {{ ratio('100 * energy_kwh', 'capacity_ac_kw * running_hours * efficiency_factor') }} as capacity_factor_percent
    from modelled

),

final as (

    select
        *,
        case weighting
            when 'time' then time_percent
            when 'capacity' then capacity_percent
            when 'irradiance' then irradiance_percent
            when 'energy' then contractual_energy_percent
        end as availability_percent
    from measured

)

select * from final
