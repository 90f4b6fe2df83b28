{#-
A query for the fresh rows that are stored already, by their place in their table, and whether anything else came of them.

Where time does not limit the target, each fresh row is looked up by its key, which a unique index has: a join would read
all that was ever stored, or whatever the planner guesses to be less.
-#}
{% macro revise_known(fresh, target, same_key, compared, meta) -%}
    {%- set differences = [] -%}
    {%- for column in compared -%}
        {%- do differences.append('stored.' ~ column ~ ' is distinct from fresh.' ~ column) -%}
    {%- endfor -%}
    {%- set is_revised = '(' ~ (differences | join(' or ') or 'false') ~ ') as is_revised' -%}
    select
        fresh.ctid as fresh_row,
        {{ is_revised if meta.get('time_column') else 'stored.is_revised' }}
    from {{ fresh }} as fresh
    {% if meta.get('time_column') -%}
    inner join {{ target }} as stored on {{ same_key }}
    {%- else -%}
    cross join lateral (select {{ is_revised }} from {{ target }} as stored where {{ same_key }} limit 1) as stored
    {%- endif %}
{%- endmacro %}
