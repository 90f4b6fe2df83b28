{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}

with

registers as (

    select
        *,
        make_interval(secs => reading_interval_seconds) as span
    from {{ ref('int_readings__selected') }}
    where energy_total_wh is not null and not is_late

),

meters as (

    select
        organization_id,
        meter_id,
        register_modulus_wh
    from {{ source('core', 'meter') }}

),

newest_per_slot as (

    select distinct on ({{ reading_key() }}) *
    from registers
    order by
        {{ reading_key(' asc') }},
        load_id desc,
        row_number desc

),

followed as (

    select
        *,
        case
            when lead(interval_start) over series = interval_start + span then lead(energy_total_wh) over series
        end as next_total_wh,
        coalesce(lag(interval_start) over series = interval_start - span, false) as has_previous
    from newest_per_slot
    window series as (
        partition by organization_id, meter_id, reading_interval_seconds, source_system
        order by interval_start
    )

),

-- at its ends a batch goes on with what is stored; the lateral lookups touch one partition each
continued as (

    select
        followed.*,
        coalesce(followed.next_total_wh, after.energy_total_wh) as later_total_wh
    from followed
    left join lateral (
        select stored.energy_total_wh
        from {{ stored_readings() }} as stored
        where
            followed.next_total_wh is null
            and stored.organization_id = followed.organization_id
            and stored.meter_id = followed.meter_id
            and stored."timestamp" = followed.interval_start + followed.span
            and stored.reading_interval_seconds = followed.reading_interval_seconds
            and stored.source_system = followed.source_system
        order by stored.load_id
        limit 1
    ) as after on true

),

delivered as (

    select
        registers.*,
        continued.later_total_wh
    from registers
    inner join continued using ({{ reading_key() }})
    where registers.energy_wh is null

),

-- the stored reading just before the batch learns its energy from the batch's first register
preceding as (

    select
        followed.publication_id,
        before.load_id,
        before.row_number,
        before.organization_id,
        before.project_id,
        before.meter_id,
        before.source_system,
        before.external_site_id,
        before.external_device_id,
        before."timestamp" as interval_start,
        before.reading_interval_seconds,
        before.energy_wh,
        before.energy_total_wh,
        before.power_w,
        before.irradiance_wm2,
        before.temperature_c,
        before.other_metrics,
        before.quality,
        {{ quality_rank('before.quality') }} as quality_rank,
        followed.energy_limit_wh,
        before.ingested_at as received_at,
        false as is_repeated,
        false as is_late,
        followed.span,
        coalesce(newer.energy_total_wh, followed.energy_total_wh) as later_total_wh
    from followed
    inner join lateral (
        select stored.*
        from {{ stored_readings() }} as stored
        where
            not followed.has_previous
            and stored.organization_id = followed.organization_id
            and stored.meter_id = followed.meter_id
            and stored."timestamp" = followed.interval_start - followed.span
            and stored.reading_interval_seconds = followed.reading_interval_seconds
            and stored.source_system = followed.source_system
            and stored.energy_total_wh is not null
            and (stored.energy_wh is null or stored.other_metrics ->> 'energy_basis' = 'register')
        order by stored.load_id
        limit 1
    ) as before on true
    left join lateral (
        select stored.energy_total_wh
        from {{ stored_readings() }} as stored
        where
            stored.organization_id = followed.organization_id
            and stored.meter_id = followed.meter_id
            and stored."timestamp" = followed.interval_start
            and stored.reading_interval_seconds = followed.reading_interval_seconds
            and stored.source_system = followed.source_system
            and stored.energy_total_wh is not null
            and stored.load_id > followed.load_id
        order by stored.load_id
        limit 1
    ) as newer on true

),

openings as (

    select * from delivered
    union all
    select * from preceding

),

differenced as (

    select
        openings.*,
        cast({{ register_difference(
            'openings.energy_total_wh', 'openings.later_total_wh', 'meters.register_modulus_wh', 'openings.energy_limit_wh'
        ) }} as numeric(20, 6)) as register_energy_wh
    from openings
    inner join meters using (organization_id, meter_id)

),

final as (

    select
        publication_id,
        load_id,
        row_number,
        organization_id,
        project_id,
        meter_id,
        source_system,
        external_site_id,
        external_device_id,
        interval_start,
        reading_interval_seconds,
        register_energy_wh as energy_wh,
        energy_total_wh,
        power_w,
        irradiance_wm2,
        temperature_c,
        nullif(coalesce(other_metrics, '{}') - 'energy_basis' || case
            when register_energy_wh is null then '{}'::jsonb else '{"energy_basis": "register"}'
        end, '{}') as other_metrics,
        case when register_energy_wh is null then 'missing' else 'estimated' end as quality,
        case when register_energy_wh is null then 3 else 2 end as quality_rank,
        received_at,
        is_repeated
    from differenced

)

select * from final
