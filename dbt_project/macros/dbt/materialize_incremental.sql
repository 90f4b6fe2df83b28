{#-
A canonical table, which a migration made: what its query yields is new to it, or revises rows that it holds.

Where it cannot hold anything that a fresh row is about, rows go straight into it; elsewhere `revise` tells them apart.
dbt's own materialization always makes a copy of the rows first, and reads the catalog again and again. A model's `meta`
names the macro that knows (`may_hold`); without one a table may hold what is meant as soon as it holds a row. The
contract stands for both sides, for what the query yields and for what the table takes, and its types round numbers
before they are compared.
-#}
{% materialization incremental, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- if 'may_hold' in meta -%}
        {%- set may_hold = context[meta['may_hold']]() -%}
    {%- else -%}
        {%- set may_hold = run_query('select exists (select 1 from ' ~ this ~ ')').rows[0][0] -%}
    {%- endif -%}
    {%- do get_assert_columns_equivalent(sql) -%}
    {%- do get_assert_columns_equivalent('select * from ' ~ this) -%}
    {%- set columns = [] -%}
    {%- set typed = [] -%}
    {%- for column in model.columns.values() -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- do columns.append(name) -%}
        {%- do typed.append('cast(' ~ name ~ ' as ' ~ column.data_type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    {%- set yielded = '(select ' ~ (typed | join(', ')) ~ ' from (' ~ sql ~ ') as yielded)' -%}

    {{ run_hooks(pre_hooks) }}
    {%- set fresh = revise(target_relation, yielded, columns, meta) if may_hold else yielded -%}
    {% call statement('main') %}
        insert into {{ this }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }}
        from {{ fresh }} as fresh
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
