with

final as (

    select
        projects.organization_id,
        organizations.name as organization_name,
        projects.project_id,
        projects.name as project_name,
        projects.external_project_id,
        projects.country,
        projects.time_zone,
        projects.latitude,
        projects.longitude,
        projects.installed_dc_capacity_kwp,
        projects.installed_ac_capacity_kw,
        projects.cod_date as commissioned_on
    from {{ source('core', 'project') }} as projects
    inner join {{ source('core', 'organization') }} as organizations
        on projects.organization_id = organizations.organization_id

)

select * from final
