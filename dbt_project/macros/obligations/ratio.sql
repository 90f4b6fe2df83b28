{#-
A part of a whole with 18 decimals, the ones that are stored: what is compared is what is written down. Null where the
whole is nothing.
-#}
{% macro ratio(part, whole) -%}
    cast(cast({{ part }} as numeric(60, 24)) / nullif({{ whole }}, 0) as numeric(38, 18))
{%- endmacro %}
