{#- The same wall-clock time some calendar days later (or earlier), whatever the zone does in between. -#}
{% macro days_later(instant, days, time_zone) -%}
    ((({{ instant }} at time zone {{ time_zone }}) + make_interval(days => {{ days }})) at time zone {{ time_zone }})
{%- endmacro %}
