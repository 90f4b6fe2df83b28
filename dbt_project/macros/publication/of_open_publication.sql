{#-
A condition on `staged_on` and `load_id`: the staged rows of the open publication's loads, as literals, so that the raw
partitions of other days are not touched. The sources are named while dbt parses too: a data test holds up only those
models that depend on everything it reads.
-#}
{% macro of_open_publication() -%}
    {%- set publication_load, ingestion_log = source('ops', 'publication_load'), source('ops', 'ingestion_log') -%}
    {%- if not execute -%}{{ return('false') }}{%- endif -%}
    {%- set members = run_query(
        "select loads.load_id, loads.staged_on from " ~ publication_load ~ " as members"
        ~ " inner join " ~ ingestion_log ~ " as loads on members.load_id = loads.load_id"
        ~ " where members.publication_id = " ~ open_publication_id() ~ " and loads.staged_on is not null"
        ~ " order by loads.load_id"
    ) -%}
    {%- if not members.rows -%}{{ return('false') }}{%- endif -%}
    {%- set days = {} -%}
    {%- for load_id, day in members.rows -%}
        {%- do days.setdefault(day | string, []).append(load_id) -%}
    {%- endfor -%}
    {%- set conditions = [] -%}
    {%- for day, load_ids in days.items() -%}
        {%- do conditions.append("staged_on = date '" ~ day ~ "' and load_id in (" ~ (load_ids | join(', ')) ~ ')') -%}
    {%- endfor -%}
    {{ return('(' ~ (conditions | join(' or ')) ~ ')') }}
{%- endmacro %}
