{#-
The order in which the series (source and interval length) of one meter and day are preferred: what the meter's owner
prefers, else the one that measured most of the day, else the longer interval.
-#}
{% macro authoritative_series(candidates, meters) -%}
    coalesce({{ candidates }}.source_system = {{ meters }}.preferred_source_system, false) desc,
    coalesce({{ candidates }}.reading_interval_seconds = {{ meters }}.reading_interval_seconds, false) desc,
    {{ candidates }}.measured_energy_seconds desc,
    {{ candidates }}.energy_seconds desc,
    {{ candidates }}.measured_seconds desc,
    {{ candidates }}.reading_interval_seconds desc,
    {{ candidates }}.source_system asc
{%- endmacro %}
