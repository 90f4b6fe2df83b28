-- What a promise counts is what the meter delivered, after losses, but for corrections and substitutes; both come from
-- the same series, by different ways.
select
    days.obligation_id,
    days.meter_id,
    days.day_on
from {{ ref('obligation_day') }} as days
inner join {{ source('core', 'obligation') }} as terms using (organization_id, obligation_id)
inner join {{ ref('int_days__authoritative') }} as measured
    on
        days.organization_id = measured.organization_id
        and days.meter_id = measured.meter_id
        and days.day_start = measured.day_start
where
    days.publication_id = {{ open_publication_id() }}
    and abs(
        days.energy_wh - days.correction_wh - days.substituted_energy_wh
        - (1 - terms.loss_factor) * coalesce(measured.energy_wh, 0)
    ) > 0.000001
