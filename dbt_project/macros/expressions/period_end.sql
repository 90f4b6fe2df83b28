{#- The instant at which a local day or month ends: the wall clock moves on, whatever the zone does in between. -#}
{% macro period_end(period_start, time_zone, length) -%}
    (cast(cast({{ period_start }} at time zone {{ time_zone }} as date) + interval '{{ length }}' as timestamp) at time zone {{ time_zone }})
{%- endmacro %}
