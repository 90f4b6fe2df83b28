{#-
The readings that earlier publications stored. Not a `ref`, because meter_reading is built from the models that ask:
what a publication would replace has to be known before it is replaced.
-#}
{% macro stored_readings() -%}
    {{ return(api.Relation.create(database=target.database, schema='canonical', identifier='meter_reading')) }}
{%- endmacro %}
