{#- Lets the `where` of a data test say `__open_publication__` for the id of the publication being built. -#}
{% macro get_where_subquery(relation) -%}
    {%- set condition = config.get('where', '') -%}
    {%- if condition -%}
        {%- if '__open_publication__' in condition -%}
            {%- set condition = condition | replace('__open_publication__', open_publication_id() | string) -%}
        {%- endif -%}
        (select * from {{ relation }} where {{ condition }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
