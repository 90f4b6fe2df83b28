-- Every moment of a day is in one category, so their hours add up to the time that elapsed.
select
    obligation_id,
    meter_id,
    day_on
from {{ ref('obligation_day') }}
where
    publication_id = {{ open_publication_id() }}
    and round(3600 * (
        {{ slot_categories() | join('_hours + ') }}_hours
    )) <> {{ seconds_between('day_start', 'day_end') }}
