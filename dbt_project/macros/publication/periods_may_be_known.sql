{#-
Whether meter_aggregate may hold a period that the open publication computes: of its readings, or, which is not looked
at any closer, of a contract or a bill.
-#}
{% macro periods_may_be_known() -%}
    {%- set others = [ref('int_periods__assessed'), ref('int_billing__aggregated')] -%}
    {%- set are_read = holds_touched_days(
        stored_aggregates(),
        'period_start',
        since='month_start',
        condition="stored.period_type in ('hourly', 'daily', 'monthly')"
    ) -%}
    {%- if are_read or not execute -%}{{ return(true) }}{%- endif -%}
    {{ return(run_query(
        'select exists (select 1 from ' ~ others[0] ~ ') or exists (select 1 from ' ~ others[1] ~ ')'
    ).rows[0][0]) }}
{%- endmacro %}
