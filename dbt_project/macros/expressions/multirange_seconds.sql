{#- How long the ranges of a multirange of instants are together, whole seconds. -#}
{% macro multirange_seconds(multirange) -%}
    (
        select coalesce(cast(round(sum(extract(epoch from upper(parts.part) - lower(parts.part)))) as bigint), 0)
        from unnest({{ multirange }}) as parts (part)
    )
{%- endmacro %}
