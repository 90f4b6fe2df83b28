select
    {{ period_key() }},
    count(*) as event_count
from {{ ref('default_event') }}
where status <> 'superseded'
group by {{ period_key() }}
having count(*) > 1
