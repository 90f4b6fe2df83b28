{#-
The grid offset that staging found to be usual for a device, seconds; 0 where it noted none. Plants in zones such as
+05:45, or loggers that start at 00:07, have a grid of their own.
-#}
{% macro expected_grid_offset(grid_offsets, site, device) -%}
    case
        when {{ grid_offsets }} is null then 0
        when jsonb_typeof({{ grid_offsets }} -> concat({{ site }}, '/', {{ device }})) = 'number'
            then cast({{ grid_offsets }} -> concat({{ site }}, '/', {{ device }}) as double precision)
        else 0
    end
{%- endmacro %}
