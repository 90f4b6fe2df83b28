{#- The half day of UTC that an instant lies in, counted since 1970; much quicker to tell than a local day. -#}
{% macro half_day(instant) -%}
    cast(floor(date_part('epoch', {{ instant }}) / 43200) as integer)
{%- endmacro %}
