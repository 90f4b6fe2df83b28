{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['site_id', 'device_id', 'timestamp', 'interval_seconds'],
    indexes=[{'columns': ['site_id', 'device_id', 'timestamp', 'interval_seconds'], 'unique': true}]
) }}

with

loaded as (

    select * from naive.readings
    {% if is_incremental() %}
    where _dlt_load_id > (select max(_dlt_load_id) from {{ this }})
    {% endif %}

),

clean as (

    select * from loaded
    where
        "timestamp" <= now() + interval '5 minutes'
        and energy_wh between -0.1 * {{ var('rated_w') }} and 1.5 * {{ var('rated_w') }}
        and (power_w is null or power_w between -0.1 * {{ var('rated_w') }} and 1.5 * {{ var('rated_w') }})
        and (irradiance_wm2 is null or irradiance_wm2 between -10 and 1800)
        and (temperature_c is null or temperature_c between -50 and 100)
        and quality in ('measured', 'estimated', 'missing')
        and device_id <> 'INV-UNKNOWN'

),

numbered as (

    select
        *,
        row_number() over (
            partition by site_id, device_id, "timestamp", interval_seconds
            order by _dlt_load_id desc, _dlt_id desc
        ) as place
    from clean

)

select
    site_id,
    device_id,
    "timestamp",
    interval_seconds,
    energy_wh,
    power_w,
    irradiance_wm2,
    temperature_c,
    quality,
    _dlt_load_id
from numbered
where place = 1
