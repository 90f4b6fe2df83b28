{#- Days of obligations that earlier publications stored; not a `ref`, for the same reason as stored_readings. -#}
{% macro stored_obligation_days() -%}
    {{ return(api.Relation.create(database=target.database, schema='canonical', identifier='obligation_day')) }}
{%- endmacro %}
