{#- A condition on `column`: the times that the open publication's readings may touch, as literals. -#}
{% macro publication_time_ranges(column, margin='1 day') -%}
    {{ return(time_ranges(
        column,
        ref('int_readings__spans'),
        'first_start',
        'last_start',
        condition='publication_id = ' ~ open_publication(),
        margin=margin
    )) }}
{%- endmacro %}
