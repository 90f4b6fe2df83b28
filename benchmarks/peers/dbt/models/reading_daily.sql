select
    site_id,
    device_id,
    date_trunc('day', "timestamp", 'Europe/Berlin') as day_start,
    sum(energy_wh) as energy_wh,
    avg(power_w) as power_w,
    avg(irradiance_wm2) as irradiance_wm2,
    avg(temperature_c) as temperature_c,
    count(*) as readings,
    100.0 * count(*) filter (where quality <> 'missing') / count(*) as quality_percent
from {{ ref('reading') }}
group by site_id, device_id, day_start
