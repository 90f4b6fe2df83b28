{#-
Incremental strategy `revise`: update the rows that really changed, insert the rows that are new, delete nothing.

A second run over the same input therefore writes nothing. Model `meta`:
  time_column       limits the target to what the publication's readings may touch, so that partitions are pruned
  bookkeeping       columns that alone do not make a row different
  nullable_key      key columns, all of them ids, that may be null; null is compared as 0, as the table's index does
-#}
{% macro get_incremental_revise_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set fresh = arg_dict['temp_relation'] -%}
    {%- set key = arg_dict['unique_key'] -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set payload = columns | reject('in', key) | list -%}
    {%- set compared = payload | reject('in', meta.get('bookkeeping', [])) | list -%}
    {%- set same_key = revise_conditions(key, meta) -%}
    {%- set known = adapter.quote(fresh.identifier ~ '_known') -%}
    {%- set quoted_key = [] -%}
    {%- for column in key -%}{%- do quoted_key.append(adapter.quote(column)) -%}{%- endfor -%}
    {%- do run_query('analyze ' ~ fresh ~ ' (' ~ (quoted_key | join(', ')) ~ ')') -%}
    {#- Which rows are stored is settled first: an insert that looks for them in the table it fills, which seems empty to
        the planner, would read its own growing table for each row. -#}
    {%- do run_query(
        'create temporary table ' ~ known ~ ' as ' ~ revise_known(fresh, target, same_key, compared, meta)
    ) -%}
    {%- set found = run_query('select count(*), count(*) filter (where is_revised) from ' ~ known).rows[0] -%}
    {%- if found[0] -%}{%- do run_query('analyze ' ~ known) -%}{%- endif -%}

    {%- if found[1] %}
    with revised as (
        update {{ target }} as stored
        set
            {%- for column in payload %}
            {{ adapter.quote(column) }} = fresh.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ fresh }} as fresh
        inner join {{ known }} as known on fresh.ctid = known.fresh_row
        where known.is_revised and {{ same_key }}
    )
    {%- endif %}

    insert into {{ target }} ({% for column in columns %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
    select
        {%- for column in columns %}
        fresh.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ fresh }} as fresh
    {%- if found[0] %}
    where not exists (select 1 from {{ known }} as known where known.fresh_row = fresh.ctid)
    {%- endif %}
{% endmacro %}
