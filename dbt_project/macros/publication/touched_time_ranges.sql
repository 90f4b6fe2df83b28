{#- A condition on `column`: the times of the obligation days that the open publication computes, as literals. -#}
{% macro touched_time_ranges(column) -%}
    {{ return(time_ranges(column, ref('int_obligation_days__touched'), 'day_start', margin='2 days')) }}
{%- endmacro %}
