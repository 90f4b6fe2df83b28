{#-
Whether a table, by `time_column`, holds anything of the days that the open publication touches, meter by meter;
`since='month_start'` reaches back to the beginning of their months.

Where it holds nothing, what a publication brings is new, and nobody has to look for each of its rows.
-#}
{% macro holds_touched_days(table, time_column, since='day_start', condition='true') -%}
    {%- set days = ref('int_days__touched') -%}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {%- set found = run_query(
        "select exists (select 1 from (select organization_id, meter_id, min(" ~ since ~ ") as first_start,"
        ~ " max(day_end) as last_end from " ~ days ~ " where publication_id = " ~ open_publication_id()
        ~ " group by organization_id, meter_id, month_start) as spans"
        ~ " cross join lateral (select 1 from " ~ table ~ " as stored"
        ~ " where stored.organization_id = spans.organization_id and stored.meter_id = spans.meter_id"
        ~ " and stored." ~ time_column ~ " >= spans.first_start and stored." ~ time_column ~ " < spans.last_end"
        ~ " and " ~ condition ~ " limit 1) as held)"
    ) -%}
    {{ return(found.rows[0][0]) }}
{%- endmacro %}
