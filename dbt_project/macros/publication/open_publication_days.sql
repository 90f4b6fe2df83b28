{#- The raw partitions (load days) that the open publication reads, as literals, so that the others are not touched. -#}
{% macro open_publication_days() -%}
    {%- if not execute -%}{{ return('null') }}{%- endif -%}
    {%- set days = run_query(
        "select distinct loads.staged_on from " ~ source('ops', 'publication_load') ~ " as members"
        ~ " inner join " ~ source('ops', 'ingestion_log') ~ " as loads on members.load_id = loads.load_id"
        ~ " where members.publication_id = " ~ open_publication_id() ~ " and loads.staged_on is not null"
    ) -%}
    {%- set literals = [] -%}
    {%- for row in days.rows -%}
        {%- do literals.append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {{ return(literals | join(', ') or 'null') }}
{%- endmacro %}
