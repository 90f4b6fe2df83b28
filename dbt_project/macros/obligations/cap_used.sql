{#- What the claims before this one were paid of a cap. -#}
{% macro cap_used(level) -%}
    coalesce(cast(paid.so_far ->> ({{ cap_levels()[level] }}) as numeric), 0)
{%- endmacro %}
