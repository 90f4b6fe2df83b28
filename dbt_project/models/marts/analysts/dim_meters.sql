with

final as (

    select
        meters.organization_id,
        meters.project_id,
        projects.name as project_name,
        meters.meter_id,
        meters.name as meter_name,
        meters.meter_type,
        meters.metering_type,
        meters.serial_number,
        meters.model,
        meters.rated_power_w,
        meters.register_modulus_wh,
        meters.preferred_source_system,
        meters.reading_interval_seconds as preferred_interval_seconds,
        projects.time_zone
    from {{ source('core', 'meter') }} as meters
    inner join {{ source('core', 'project') }} as projects
        on meters.organization_id = projects.organization_id and meters.project_id = projects.project_id

)

select * from final
