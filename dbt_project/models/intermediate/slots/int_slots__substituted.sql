with

terms as (

    select * from {{ ref('int_obligation_meters__rated') }}
    where missing_policy = 'substitute'

),

missing as (

    select
        slots.organization_id,
        slots.obligation_id,
        slots.meter_id,
        slots.day_on,
        slots.slot_number,
        slots.slot_start,
        slots.model_wh,
        terms.substitute_order,
        terms.substitute_loss_factor,
        terms.loss_factor
    from {{ ref('int_slots__expected') }} as slots
    inner join terms using (obligation_id, meter_id)
    where slots.energy_wh is null

),

helpers as (

    select * from {{ source('core', 'obligation_meter') }}
    where role in ('backup', 'inverter')

),

errors as (

    select * from {{ ref('int_meter_errors__dated') }}

),

-- what a helper read, its own error taken out
helping as (

    select
        missing.obligation_id,
        missing.meter_id,
        missing.day_on,
        missing.slot_number,
        helpers.role,
        helpers.priority,
        helpers.meter_id as helper_meter_id,
        supported.energy_wh / (1 + coalesce(errors.error_share, 0)) as energy_wh
    from missing
    inner join helpers using (organization_id, obligation_id)
    left join {{ ref('int_slots__supported') }} as supported
        on
            missing.organization_id = supported.organization_id
            and missing.meter_id = supported.meter_id
            and missing.day_on = supported.day_on
            and missing.slot_number = supported.slot_number
            and helpers.meter_id = supported.helper_meter_id
    left join errors
        on
            missing.obligation_id = errors.obligation_id
            and helpers.meter_id = errors.meter_id
            and missing.slot_start >= errors.wrong_from
            and missing.slot_start < errors.wrong_until

),

-- the first backup that knows; all inverters, or none
helped as (

    select
        obligation_id,
        meter_id,
        day_on,
        slot_number,
        (
            array_agg(energy_wh order by priority, helper_meter_id)
            filter (where role = 'backup' and energy_wh is not null)
        )[1] as backup_wh,
        case
            when count(energy_wh) filter (where role = 'inverter') = count(*) filter (where role = 'inverter')
                then sum(energy_wh) filter (where role = 'inverter')
        end as inverters_wh
    from helping
    group by obligation_id, meter_id, day_on, slot_number

),

-- each at the contract's boundary; the model says what arrives there
offered as (

    select
        missing.*,
        helped.backup_wh * (1 - missing.loss_factor) as backup_wh,
        bridged.energy_wh * (1 - missing.loss_factor) / (1 + coalesce(errors.error_share, 0)) as register_wh,
        helped.inverters_wh * (1 - missing.substitute_loss_factor) * (1 - missing.loss_factor) as inverters_wh
    from missing
    left join helped using (obligation_id, meter_id, day_on, slot_number)
    left join {{ ref('int_slots__bridged') }} as bridged
        on
            missing.organization_id = bridged.organization_id
            and missing.meter_id = bridged.meter_id
            and missing.day_on = bridged.day_on
            and missing.slot_number = bridged.slot_number
    left join errors
        on
            missing.obligation_id = errors.obligation_id
            and missing.meter_id = errors.meter_id
            and missing.slot_start >= errors.wrong_from
            and missing.slot_start < errors.wrong_until

),

chosen as (

    select
        *,
        substitute_order[least(
            case when backup_wh is not null then array_position(substitute_order, 'backup_meter') end,
            case when register_wh is not null then array_position(substitute_order, 'register_difference') end,
            case when inverters_wh is not null then array_position(substitute_order, 'inverter_sum') end,
            case when model_wh is not null then array_position(substitute_order, 'model') end
        )] as substitution
    from offered

),

final as (

    select
        organization_id,
        obligation_id,
        meter_id,
        day_on,
        slot_number,
        substitution,
        case substitution
            when 'backup_meter' then backup_wh
            when 'register_difference' then register_wh
            when 'inverter_sum' then inverters_wh
            when 'model' then model_wh
        end as energy_wh
    from chosen
    where substitution is not null

)

select * from final
