{{ config(severity='warn') }}
-- A station's quarter hours should come to what the vendor gives for the day as a whole; a warning only, because it
-- shows missing samples just as well as wrong ones.
select
    organization_id,
    external_site_id,
    day_start,
    gap_percent
from {{ ref('rpt_day_gaps') }}
where gap_percent > 5 and {{ publication_time_ranges('day_start') }}
