{#-
A number as text in plain notation without trailing zeros: how numbers stand inside JSON that is hashed, where a float
would not survive.
-#}
{% macro plain(value) -%}
    cast(trim_scale(cast({{ value }} as numeric)) as text)
{%- endmacro %}
