{#-
A condition on `column` with the time ranges that a relation covers, month by month, as literals: PostgreSQL prunes
partitions by literals only, and one old reading must not open all months between.
-#}
{% macro time_ranges(column, relation, relation_column, condition='true', margin='0 days') -%}
    {%- if not execute -%}{{ return('false') }}{%- endif -%}
    {%- set ranges = run_query(
        "select min(" ~ relation_column ~ ") - interval '" ~ margin ~ "', max(" ~ relation_column ~ ") + interval '"
        ~ margin ~ "' from " ~ relation ~ " where " ~ condition
        ~ " group by date_trunc('month', " ~ relation_column ~ ", 'UTC') order by 1"
    ) -%}
    {%- set conditions = [] -%}
    {%- for row in ranges.rows -%}
        {%- do conditions.append(column ~ " between '" ~ row[0] ~ "' and '" ~ row[1] ~ "'") -%}
    {%- endfor -%}
    {{ return('(' ~ (conditions | join(' or ') or 'false') ~ ')') }}
{%- endmacro %}
