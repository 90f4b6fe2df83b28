{#-
The local hour in which an instant of a local day starts. Telling it by its zone is slow; on a day of 24 hours the clock
was not changed, and its hours follow one another from its start.
-#}
{% macro local_hour(instant, days) -%}
    case
        when {{ days }}.day_end = {{ days }}.day_start + interval '24 hours'
            then date_bin('1 hour', {{ instant }}, {{ days }}.day_start)
        else date_trunc('hour', {{ instant }}, {{ days }}.time_zone)
    end
{%- endmacro %}
