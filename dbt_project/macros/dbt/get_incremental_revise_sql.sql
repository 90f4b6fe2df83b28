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
    {%- set conditions = [] -%}
    {%- set nullable = meta.get('nullable_key', []) -%}
    {%- for column in key -%}
        {%- do conditions.append(
            revise_key('stored', column, nullable) ~ ' = ' ~ revise_key('fresh', column, nullable)
        ) -%}
    {%- endfor -%}
    {%- if meta.get('time_column') -%}
        {%- do conditions.append(publication_time_ranges('stored.' ~ adapter.quote(meta['time_column']))) -%}
    {%- endif -%}
    {%- set known = adapter.quote(fresh.identifier ~ '_known') -%}
    {%- set key_columns = [] -%}
    {%- for column in key -%}
        {%- do key_columns.append('fresh.' ~ adapter.quote(column)) -%}
    {%- endfor -%}
    {%- do run_query('analyze ' ~ fresh) -%}
    {#- Which keys are stored is settled first: an insert that looks for them in the table it fills, which seems empty to
        the planner, would read its own growing table for each row. -#}
    {%- do run_query(
        'create temporary table ' ~ known ~ ' as select ' ~ (key_columns | join(', ')) ~ ' from ' ~ fresh
        ~ ' as fresh inner join ' ~ target ~ ' as stored on ' ~ (conditions | join(' and '))
    ) -%}
    {%- set is_any_known = run_query('select exists (select from ' ~ known ~ ')').rows[0][0] -%}
    {%- if is_any_known -%}
    {%- do run_query('analyze ' ~ known) -%}

    with revised as (
        update {{ target }} as stored
        set
            {%- for column in payload %}
            {{ adapter.quote(column) }} = fresh.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ fresh }} as fresh
        where
            {{ conditions | join(' and ') }}
            and (
                {%- for column in compared %}
                stored.{{ adapter.quote(column) }} is distinct from fresh.{{ adapter.quote(column) }}
                {{- ' or ' if not loop.last }}
                {%- endfor %}
            )
    )
    {%- endif %}

    insert into {{ target }} ({% for column in columns %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
    select
        {%- for column in columns %}
        fresh.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ fresh }} as fresh
    {%- if is_any_known %}
    where not exists (
        select 1
        from {{ known }} as known
        where
            {%- for column in key %}
            {{ revise_key('known', column, nullable) }} = {{ revise_key('fresh', column, nullable) }}
            {{- ' and ' if not loop.last }}
            {%- endfor %}
    )
    {%- endif %}
{% endmacro %}
