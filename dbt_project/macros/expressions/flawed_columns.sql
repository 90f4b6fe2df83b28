{#- The columns of a row whose cells could not be read for the reason `code`, as a comma list; null if none. -#}
{% macro flawed_columns(unparsed, code) -%}
    case
        when {{ unparsed }} is not null
            then (
                select string_agg(flaws.key, ',' order by flaws.key)
                from jsonb_each({{ unparsed }}) as flaws
                where flaws.value ->> 'code' = '{{ code }}'
            )
    end
{%- endmacro %}
