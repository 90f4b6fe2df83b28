{#- The events that earlier publications stored; not a `ref`, for the same reason as stored_readings. -#}
{% macro stored_default_events() -%}
    {{ return(api.Relation.create(database=target.database, schema='canonical', identifier='default_event')) }}
{%- endmacro %}
