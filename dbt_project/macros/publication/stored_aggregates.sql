{#- The aggregates that earlier publications stored; not a `ref`, for the same reason as stored_readings. -#}
{% macro stored_aggregates() -%}
    {{ return(api.Relation.create(database=target.database, schema='canonical', identifier='meter_aggregate')) }}
{%- endmacro %}
