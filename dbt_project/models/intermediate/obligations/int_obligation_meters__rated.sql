{{ config(materialized='table', unlogged=true, post_hook='analyze {{ this }}') }}
{%- set terms = slot_terms() %}

with

obligations as (

    select * from {{ source('core', 'obligation') }}

),

obligation_meters as (

    select * from {{ source('core', 'obligation_meter') }}
    where role = 'measured'

),

meters as (

    select * from {{ source('core', 'meter') }}

),

projects as (

    select * from {{ source('core', 'project') }}

),

rated as (

    select
        obligation_meters.organization_id,
        obligation_meters.obligation_id,
        obligation_meters.meter_id,
        meters.project_id,
        coalesce(1000 * obligation_meters.capacity_kw, meters.rated_power_w) as rating_w
    from obligation_meters
    inner join meters using (organization_id, meter_id)

),

-- without every rating the meters count alike
weighed as (

    select
        *,
        count(*) over obligation as meter_count,
        case
            when count(rating_w) over obligation = count(*) over obligation
                then rating_w / sum(rating_w) over obligation
            else 1 / cast(count(*) over obligation as numeric)
        end as capacity_share
    from rated
    window obligation as (partition by organization_id, obligation_id)

),

final as (

    select
        weighed.organization_id,
        weighed.obligation_id,
        weighed.meter_id,
        weighed.capacity_share,
        coalesce(weighed.rating_w, 1000 * obligations.capacity_ac_kw * weighed.capacity_share) as capacity_w,
        coalesce(obligations.capacity_kwp, projects.installed_dc_capacity_kwp) * weighed.capacity_share as capacity_kwp,
        projects.latitude,
        {%- for term in terms %}
        obligations.{{ term }},
        {%- endfor %}
        projects.longitude
    from weighed
    inner join obligations using (organization_id, obligation_id)
    inner join projects using (organization_id, project_id)

)

select * from final
