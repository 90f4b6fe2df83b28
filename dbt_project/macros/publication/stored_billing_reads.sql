{#- The billing reads that earlier publications stored; not a `ref`, for the same reason as stored_readings. -#}
{% macro stored_billing_reads() -%}
    {{ return(api.Relation.create(database=target.database, schema='canonical', identifier='billing_read')) }}
{%- endmacro %}
