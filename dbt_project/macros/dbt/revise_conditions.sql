{#- Whether a stored row is what a fresh one is about; a key column that may be null is compared as the index has it. -#}
{% macro revise_conditions(key, meta) -%}
    {%- set conditions = [] -%}
    {%- for column in key -%}
        {%- set pair = ['stored.' ~ adapter.quote(column), 'fresh.' ~ adapter.quote(column)] -%}
        {%- if column in meta.get('nullable_key', []) -%}
            {%- set pair = ['coalesce(' ~ pair[0] ~ ', 0)', 'coalesce(' ~ pair[1] ~ ', 0)'] -%}
        {%- endif -%}
        {%- do conditions.append(pair | join(' = ')) -%}
    {%- endfor -%}
    {%- if meta.get('time_column') -%}
        {%- do conditions.append(publication_time_ranges('stored.' ~ adapter.quote(meta['time_column']))) -%}
    {%- endif -%}
    {{ return(conditions | join(' and ')) }}
{%- endmacro %}
