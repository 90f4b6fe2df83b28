{#- Real elapsed seconds between two instants: a local day has 82,800, 86,400 or 90,000 of them. -#}
{% macro elapsed_seconds(period_start, period_end) -%}
    cast(date_part('epoch', {{ period_end }} - {{ period_start }}) as bigint)
{%- endmacro %}
