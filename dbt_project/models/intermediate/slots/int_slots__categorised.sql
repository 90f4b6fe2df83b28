{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

slots as (

    select * from {{ ref('int_slots__valued') }}

),

excused as (

    select * from {{ ref('int_slots__excused') }}

),

terms as (

    select
        obligation_id,
        meter_id,
        downtime_basis,
        {%- for category in slot_categories() %}
        array_position(category_priority, '{{ category }}') as {{ category }}_place,
        {%- endfor %}
        category_priority
    from {{ ref('int_obligation_meters__rated') }}

),

-- what nobody can tell whether it ought to run counts where it ran, and nowhere else
judged as (

    select
        slots.*,
        terms.downtime_basis,
        terms.category_priority,
        slots.is_expected is null as is_undecided,
        coalesce(slots.is_expected, slots.is_up) as is_due,
        excused.excuse_class,
        excused.excuse_event_id,
        coalesce(excused.excused_seconds, 0) as excused_seconds,
        coalesce(excused.down_seconds, 0) as down_seconds,
        coalesce(excused.is_excused, false) as is_excused,
        coalesce(excused.is_deemed, false) as is_deemed,
        -- the first of the contract's list that applies
        least(
            case when not coalesce(slots.is_expected, slots.is_up) then terms.out_of_specification_place end,
            case when slots.is_up then terms.produced_place end,
            case when excused.is_excused then least(terms.excused_place, excused.class_priority) end,
            case when not slots.is_known then terms.no_data_place end,
            case when slots.is_known and not slots.is_up then terms.not_producing_place end
        ) as place
    from slots
    inner join terms using (obligation_id, meter_id)
    left join excused using (obligation_id, meter_id, day_on, slot_number)

),

categorised as (

    select
        *,
        case
            when category_priority[place] = any({{ text_array(slot_categories()) }}) then category_priority[place]
            when place is not null then 'excused'
            when not is_due then 'out_of_specification'
            when is_up then 'produced'
            when not is_known then 'no_data'
            else 'not_producing'
        end as category
    from judged

),

-- under `slot` a slot is one category; under `event_log` the log says how much of it the plant stood still
timed as (

    select
        *,
        downtime_basis = 'event_log' and category <> 'out_of_specification' as is_logged
    from categorised

),

split as (

    select
        *,
        case when category = 'out_of_specification' then slot_seconds else 0 end as out_of_specification_part,
        case when is_logged then excused_seconds when category = 'excused' then slot_seconds else 0 end as excused_part,
        case when is_logged then down_seconds when category = 'not_producing' then slot_seconds else 0 end
            as not_producing_part,
        case
            when is_logged and not is_known then slot_seconds - excused_seconds - down_seconds
            when not is_logged and category = 'no_data' then slot_seconds
            else 0
        end as no_data_part,
        case
            when is_logged and is_known then slot_seconds - excused_seconds - down_seconds
            when not is_logged and category = 'produced' then slot_seconds
            else 0
        end as produced_part
    from timed

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
        energy_wh,
        correction_wh,
        substitution,
        irradiance_wm2,
        module_temperature_c,
        model_wh,
        is_due,
        is_up_as_read,
        is_sun_decided,
        is_undecided,
        category,
        {%- for category in slot_categories() %}
        {{ category }}_part as {{ category }}_seconds,
        {%- endfor %}
        case when excused_part > 0 then excuse_class end as excuse_class,
        case when excused_part > 0 then excuse_event_id end as excuse_event_id,
        is_deemed
    from split

)

select * from final
