{#- The publication that is being built; 0, which no row has, when none is open. -#}
{% macro open_publication_id() -%}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {%- set found = run_query(
        "select publication_id from " ~ source('ops', 'publication') ~ " where status = 'open'"
    ) -%}
    {{ return(found.rows[0][0] if found.rows else 0) }}
{%- endmacro %}
