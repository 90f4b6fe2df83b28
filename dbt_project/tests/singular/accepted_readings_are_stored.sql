-- Every slot for which the publication brings a reading must hold one afterwards.
select
    accepted.meter_id,
    accepted.interval_start
from {{ ref('int_readings__accepted') }} as accepted
left join {{ ref('meter_reading') }} as stored
    on
        accepted.organization_id = stored.organization_id
        and accepted.meter_id = stored.meter_id
        and accepted.interval_start = stored."timestamp"
        and accepted.reading_interval_seconds = stored.reading_interval_seconds
        and accepted.source_system = stored.source_system
        and {{ publication_time_ranges('stored."timestamp"') }}
where stored.meter_id is null
