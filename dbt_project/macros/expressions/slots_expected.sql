{#- How many intervals fit between two instants; at least the one that was delivered. -#}
{% macro slots_expected(period_start, period_end, interval_seconds) -%}
    greatest(1, cast(round(
        cast({{ elapsed_seconds(period_start, period_end) }} as numeric) / {{ interval_seconds }}
    ) as bigint))
{%- endmacro %}
