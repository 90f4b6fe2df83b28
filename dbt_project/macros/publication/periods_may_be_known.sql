{#-
Whether meter_aggregate may hold a period that the open publication computes: of its readings, whose days may be in a
month that is known, or, which is not looked at any closer, of a contract or a bill.
-#}
{% macro periods_may_be_known() -%}
    {%- set spans -%}
        select
            organization_id,
            meter_id,
            month_start as first_at,
            max(day_end) as last_at
        from {{ ref('int_days__touched') }}
        where publication_id = {{ open_publication() }}
        group by organization_id, meter_id, month_start
    {%- endset -%}
    {%- set others = [ref('int_periods__assessed'), ref('int_billing__aggregated')] -%}
    {%- set are_read = holds_any(
        stored_aggregates(), 'period_start', spans, "stored.period_type in ('hourly', 'daily', 'monthly')"
    ) -%}
    {%- if are_read or not execute -%}{{ return(true) }}{%- endif -%}
    {{ return(run_query(
        'select exists (select 1 from ' ~ others[0] ~ ') or exists (select 1 from ' ~ others[1] ~ ')'
    ).rows[0][0]) }}
{%- endmacro %}
