{#-
Delivered JSON as a jsonb object. Text that jsonb cannot hold (a NUL escape, a lone surrogate) or that is no object
becomes an object which says so and which judging refuses.
-#}
{% macro safe_jsonb(column) -%}
    case
        when {{ column }} is null then null
        when pg_input_is_valid(cast({{ column }} as text), 'jsonb') and json_typeof({{ column }}) = 'object'
            then cast(cast({{ column }} as text) as jsonb)
        else jsonb_build_object(
            'row', jsonb_build_object('code', 'R204_TEXT', 'text', left(cast({{ column }} as text), 200))
        )
    end
{%- endmacro %}
