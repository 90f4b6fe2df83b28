{#-
A delivered number in canonical units as a numeric that always fits its column.

What is not finite is no value. What is larger than the column reads as the largest it holds, which no range rule
allows, so that judging refuses the row instead of the cast failing the load.
-#}
{% macro canonical_amount(value, factor='1', largest='1e13', type='numeric(20, 6)') -%}
    cast(case
        when {{ value }} between -1e-9 and 1e-9 then 0
        when {{ value }} > '-infinity' and {{ value }} < 'infinity'
            then least(greatest(
                least(greatest({{ value }}, -{{ largest }}), {{ largest }}) * {{ factor }}, -{{ largest }}
            ), {{ largest }})
    end as {{ type }})
{%- endmacro %}
