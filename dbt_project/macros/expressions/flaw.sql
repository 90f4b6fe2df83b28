{#- The `code` or `text` of the first cell of a row whose reason is like `codes`; null if there is none. -#}
{% macro flaw(unparsed, codes, field) -%}
    (
        select min(flaws.value ->> '{{ field }}')
        from jsonb_each({{ unparsed }}) as flaws
        where flaws.value ->> 'code' like '{{ codes }}'
    )
{%- endmacro %}
