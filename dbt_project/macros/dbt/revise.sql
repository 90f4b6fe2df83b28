{#-
Updates the rows of a table that a query tells otherwise, deletes nothing, and returns the query's new rows, to be read.

A second run over the same input therefore writes nothing. Model `meta`:
  time_column       limits the target to what the publication's readings may touch, so that partitions are pruned
  bookkeeping       columns that alone do not make a row different
  nullable_key      key columns, all of them ids, that may be null; null is compared as 0, as the table's index does
-#}
{% macro revise(target, sql, columns, meta) %}
    {%- set fresh = adapter.quote(target.identifier ~ '_fresh') -%}
    {%- set known = adapter.quote(target.identifier ~ '_known') -%}
    {%- set key = [] -%}
    {%- for column in config.get('unique_key') -%}{%- do key.append(adapter.quote(column)) -%}{%- endfor -%}
    {%- set bookkeeping = [] -%}
    {%- for column in meta.get('bookkeeping', []) -%}{%- do bookkeeping.append(adapter.quote(column)) -%}{%- endfor -%}
    {%- set payload = columns | reject('in', key) | list -%}
    {%- set same_key = revise_conditions(config.get('unique_key'), meta) -%}
    {%- do run_query('create temporary table ' ~ fresh ~ ' as ' ~ sql) -%}
    {%- do run_query('analyze ' ~ fresh ~ ' (' ~ (key | join(', ')) ~ ')') -%}
    {#- Which rows are stored is settled first: an insert that looks for them in the table it fills, which seems empty to
        the planner, would read its own growing table for each row. -#}
    {%- do run_query(
        'create temporary table ' ~ known ~ ' as '
        ~ revise_known(fresh, target, same_key, payload | reject('in', bookkeeping) | list, meta)
    ) -%}
    {%- set found = run_query('select count(*), count(*) filter (where is_revised) from ' ~ known).rows[0] -%}
    {%- if not found[0] -%}{{ return(fresh) }}{%- endif -%}

    {%- do run_query('analyze ' ~ known) -%}
    {%- if found[1] -%}
        {%- set changes = [] -%}
        {%- for column in payload -%}{%- do changes.append(column ~ ' = fresh.' ~ column) -%}{%- endfor -%}
        {%- do run_query(
            'update ' ~ target ~ ' as stored set ' ~ (changes | join(', ')) ~ ' from ' ~ fresh ~ ' as fresh'
            ~ ' inner join ' ~ known ~ ' as known on fresh.ctid = known.fresh_row'
            ~ ' where known.is_revised and ' ~ same_key
        ) -%}
    {%- endif -%}
    {{ return(
        '(select * from ' ~ fresh ~ ' as f where not exists (select 1 from ' ~ known ~ ' as k where k.fresh_row = f.ctid))'
    ) }}
{% endmacro %}
