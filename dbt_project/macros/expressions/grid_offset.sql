{#- Seconds between an instant, in seconds since 1970, and the interval grid that starts at midnight UTC; null for intervals above an hour. -#}
{% macro grid_offset(epoch_s, seconds) -%}
    case
        when {{ seconds }} <= 3600 then {{ epoch_s }} - {{ seconds }} * floor({{ epoch_s }} / {{ seconds }})
    end
{%- endmacro %}
