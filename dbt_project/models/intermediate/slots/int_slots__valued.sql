with

slots as (

    select * from {{ ref('int_slots__expected') }}

),

terms as (

    select * from {{ source('core', 'obligation') }}

),

capacities as (

    select * from {{ ref('int_obligation_meters__rated') }}

),

-- the error that a test found began somewhere after the last good one
tests as (

    select
        terms.obligation_id,
        tests.meter_id,
        tests.error_share,
        tests.tested_at,
        case terms.meter_error_lookback
            when 'full' then tests.last_good_at
            when 'half'
                then
                    tests.last_good_at
                    + make_interval(secs => extract(epoch from tests.tested_at - tests.last_good_at) / 2)
        end as wrong_from
    from terms
    inner join {{ source('core', 'meter_test') }} as tests using (organization_id)
    where terms.meter_error_lookback <> 'none'

),

delivered as (

    select
        slots.*,
        terms.loss_factor,
        greatest(terms.power_min_w, terms.power_min_share * capacities.capacity_w) as power_min_w,
        slots.energy_wh * (1 - terms.loss_factor) as delivered_wh,
        coalesce(slots.energy_wh * 3600 / slots.slot_seconds, slots.power_w) as average_power_w,
        tests.error_share
    from slots
    inner join terms using (organization_id, obligation_id)
    inner join capacities using (organization_id, obligation_id, meter_id)
    left join lateral (
        select tests.error_share
        from tests
        where
            tests.obligation_id = slots.obligation_id
            and tests.meter_id = slots.meter_id
            and tests.wrong_from <= slots.slot_start
            and tests.tested_at > slots.slot_start
        order by tests.tested_at
        limit 1
    ) as tests on true

),

corrected as (

    select
        *,
        delivered_wh / (1 + coalesce(error_share, 0)) as corrected_wh
    from delivered

),

final as (

    select
        organization_id,
        project_id,
        contract_id,
        obligation_id,
        meter_id,
        day_on,
        day_start,
        day_end,
        time_zone,
        slot_number,
        slot_start,
        slot_end,
        slot_seconds,
        source_system,
        reading_interval_seconds,
        quality,
        corrected_wh as energy_wh,
        corrected_wh - delivered_wh as correction_wh,
        cast(null as text) as substitution,
        irradiance_wm2,
        module_temperature_c,
        model_wh,
        is_expected,
        is_sun_decided,
        average_power_w is not null as is_known,
        coalesce(average_power_w > power_min_w, false) as is_up,
        coalesce(average_power_w > power_min_w, false) as is_up_as_read
    from corrected

)

select * from final
