{#- Seconds between an instant and the interval grid that starts at midnight UTC; null for intervals above an hour. -#}
{% macro grid_offset(instant, seconds) -%}
    case
        when {{ seconds }} <= 3600
            then
                date_part('epoch', {{ instant }})
                - {{ seconds }} * floor(date_part('epoch', {{ instant }}) / {{ seconds }})
    end
{%- endmacro %}
