{#-
A condition on `column` with the time ranges that a relation covers, month by month from the least `first` to the
greatest `last`, as literals: PostgreSQL prunes partitions by literals only, and one old reading must not open all months
between. Ranges that touch are one, because every row is compared with each.
-#}
{% macro time_ranges(column, relation, first, last=none, condition='true', margin='0 days') -%}
    {%- if not execute -%}{{ return('false') }}{%- endif -%}
    {%- set ranges = run_query(
        "select lower(covered) as first_at, upper(covered) as last_at from (select unnest(range_agg(months.span)) as covered"
        ~ " from (select tstzrange(min(" ~ first ~ ") - interval '" ~ margin ~ "', max(" ~ (last or first)
        ~ ") + interval '" ~ margin ~ "', '[]') as span from " ~ relation ~ " where " ~ condition
        ~ " group by date_trunc('month', " ~ first ~ ", 'UTC')) as months) as ranges order by 1"
    ) -%}
    {%- set conditions = [] -%}
    {%- for row in ranges.rows -%}
        {%- do conditions.append(column ~ " between '" ~ row[0] ~ "' and '" ~ row[1] ~ "'") -%}
    {%- endfor -%}
    {{ return('(' ~ (conditions | join(' or ') or 'false') ~ ')') }}
{%- endmacro %}
