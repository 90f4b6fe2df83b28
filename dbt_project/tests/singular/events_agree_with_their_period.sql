-- Every period that the publication judged and its newest default event must say the same; a kept one has none open.
with

periods as (

    select * from {{ ref('obligation_period') }}
    where publication_id = {{ open_publication_id() }} and outcome <> 'running'

),

newest as (

    select distinct on ({{ period_key() }}) *
    from {{ ref('default_event') }}
    order by {{ period_key() }}, revision desc

)

select
    {{ period_key('periods') }},
    periods.outcome,
    newest.status
from periods
left join newest using ({{ period_key() }})
where
    (
        periods.outcome in ('breached', 'inconclusive')
        and (
            newest.default_event_id is null
            or newest.status = 'superseded'
            or newest.calculation ->> 'outcome' <> periods.outcome
            or coalesce(newest.ld_payable, -1) <> coalesce(periods.ld_payable, -1)
            or coalesce(newest.shortfall, -1) <> coalesce(periods.shortfall, -1)
        )
    )
    or (
        periods.outcome in ('kept', 'void')
        and (newest.calculation ->> 'outcome' in ('breached', 'inconclusive') or newest.ld_payable <> 0)
    )
