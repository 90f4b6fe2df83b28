{#-
A view is replaced only when its definition changed.

dbt's own materialization drops and creates every view in every build, and with it whatever stands on the view; judging
and clients read these views at any time and would find them missing. The comment of the view remembers its definition.
-#}
{% materialization view, adapter='postgres' %}
    {%- set fingerprint = 'dbt ' ~ local_md5(sql ~ (config.get('grants') | string) ~ (post_hooks | string)) -%}
    {%- set known = run_query("select obj_description(to_regclass('" ~ this ~ "'), 'pg_class')").rows[0][0] -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks) }}
    {% if known == fingerprint %}
        {% call noop_statement('main', 'UNCHANGED') %}{% endcall %}
    {% else %}
        {% do drop_relation_if_exists(load_cached_relation(this)) %}
        {% call statement('main') %}
            {{ get_create_view_as_sql(target_relation, sql) }}
        {% endcall %}
        {% do run_query("comment on view " ~ this ~ " is '" ~ fingerprint ~ "'") %}
        {% do apply_grants(target_relation, config.get('grants'), should_revoke=false) %}
        {{ run_hooks(post_hooks) }}
        {% do adapter.commit() %}
    {% endif %}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
