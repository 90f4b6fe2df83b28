{#- What would make a lawyer look again: a result of another kind, or another number in it. -#}
{%- set material = [
    'outcome', 'guaranteed', 'actual', 'counted', 'shortfall', 'ld_before_cap', 'ld_cap', 'ld_payable',
    'payment_amount', 'payment_currency_code', 'data_completeness_percent'
] -%}

with

results as (

    select * from {{ ref('obligation_period') }}
    where publication_id = {{ open_publication() }} and outcome <> 'running'

),

newest as (

    select distinct on ({{ period_key() }})
        {{ period_key() }},
        default_event_id as previous_event_id,
        revision as previous_revision,
        evidence as previous_evidence,
        {%- for column in material[1:] %}
        {{ column }} as previous_{{ column }},
        {%- endfor %}
        calculation ->> 'outcome' as previous_outcome
    from {{ stored_default_events() }}
    order by {{ period_key() }}, revision desc

),

news as (

    select
        results.*,
        newest.previous_event_id,
        newest.previous_evidence,
        coalesce(newest.previous_revision, 0) + 1 as revision,
        newest.previous_ld_payable
    from results
    left join newest using ({{ period_key() }})
    where
        (
            results.outcome in ('breached', 'inconclusive')
            and (
                {%- for column in material %}
                results.{{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            ) is distinct from (
                {%- for column in material %}
                newest.previous_{{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        )
        -- a promise that was kept after all takes back what was said of it
        or (results.outcome in ('kept', 'void') and newest.previous_outcome in ('breached', 'inconclusive'))

),

final as (

    select
        {{ period_key() }},
        outcome,
        revision,
        cast(md5(concat_ws(
            '|', contract_id, obligation_code, period_start_on, period_end_on, revision
        )) as uuid) as default_event_id,
        previous_event_id as supersedes_event_id,
        case outcome when 'breached' then 'detected' when 'inconclusive' then 'inconclusive' else 'withdrawn' end
            as status,
        case
            when outcome <> 'breached' then null
            when coalesce(guaranteed, 0) = 0 then 'medium'
            when shortfall >= guaranteed * 0.10 then 'high'
            when shortfall >= guaranteed * 0.05 then 'medium'
            else 'low'
        end as severity,
        case
            when previous_event_id is not null then coalesce(ld_payable, 0) - coalesce(previous_ld_payable, 0)
        end as ld_change,
        coalesce(previous_evidence -> 'hash' ->> 'value', previous_evidence ->> 'data_hash')
            as previous_evidence_hash
    from news

)

select * from final
