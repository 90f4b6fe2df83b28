{#- Hours of a number of seconds. Hours of thirds are endless: whoever adds hours up rounds the sum to whole seconds. -#}
{% macro hours_of(seconds) -%}
    (cast({{ seconds }} as numeric) / 3600)
{%- endmacro %}
