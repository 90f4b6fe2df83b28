{#-
Whether a table holds any row of the meters and times of `spans`, a query for organization_id, meter_id, first_at and
last_at; where it holds none, what a publication brings is new, and nobody has to look for each of its rows.
-#}
{% macro holds_any(table, time_column, spans, condition='true') -%}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {%- set found = run_query(
        "select exists (select 1 from (" ~ spans ~ ") as spans"
        ~ " cross join lateral (select 1 from " ~ table ~ " as stored"
        ~ " where stored.organization_id = spans.organization_id and stored.meter_id = spans.meter_id"
        ~ " and stored." ~ time_column ~ " between spans.first_at and spans.last_at"
        ~ " and " ~ condition ~ " limit 1) as held)"
    ) -%}
    {{ return(found.rows[0][0]) }}
{%- endmacro %}
