-- A row here means that publication did not create the month partition it needed.
select
    meter_id,
    "timestamp"
from {{ source('canonical', 'meter_reading_default') }}
