{#-
What each mapped device can deliver at most and draw at least, watts.

The limit leaves 20 percent above the rating. Below zero lies the tare, which night consumption stays within: 1 percent
of the rating, at least 50 W. A meter that also counts import may go as far below zero as above.
-#}
{% macro capacity_bounds() %}
    select
        device.organization_id,
        device.source_system,
        device.external_site_id,
        device.external_device_id,
        meter.project_id,
        meter.meter_id,
        project.time_zone,
        project.latitude,
        project.longitude,
        sind(cast(project.latitude as double precision)) as sin_latitude,
        cosd(cast(project.latitude as double precision)) as cos_latitude,
        cast(project.longitude / 360 as double precision) as longitude_turns,
        cast(least(1.2 * rating.capacity_w, 9e12) as double precision) as limit_w,
        cast(case
            when meter.metering_type in ('net', 'bidirectional') then greatest(-1.2 * rating.capacity_w, -9e12)
            else -greatest(0.01 * rating.capacity_w, 50)
        end as double precision) as floor_w
    from {{ source('core', 'meter_device') }} as device
    inner join {{ source('core', 'meter') }} as meter
        on device.organization_id = meter.organization_id and device.meter_id = meter.meter_id
    inner join {{ source('core', 'project') }} as project
        on meter.organization_id = project.organization_id and meter.project_id = project.project_id
    cross join lateral (
        select coalesce(
            meter.rated_power_w, project.installed_ac_capacity_kw * 1000, {{ var('unknown_capacity_w') }}
        ) as capacity_w
    ) as rating
{% endmacro %}
