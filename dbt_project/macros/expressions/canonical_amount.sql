{#-
A delivered number in canonical units, double precision, within what its column can hold.

What is not finite is no value. What is larger than the column reads as the largest it holds, which no range rule
allows, so that judging refuses the row instead of a cast failing the load. Nearly every number is told by the first two
branches; the others cost four times as much.
-#}
{% macro canonical_amount(value, factor='1', largest='1e13') -%}
    case
        when {{ value }} is null {{ 'or ' ~ factor ~ ' is null' if factor != '1' }} then null
        when {{ value }} > 1e-9 and {{ value }} < 1e9 then least({{ value }} * {{ factor }}, {{ largest }})
        when {{ value }} between -1e-9 and 1e-9 then 0
        when {{ value }} > '-infinity' and {{ value }} < 'infinity'
            then least(greatest(
                least(greatest({{ value }}, -{{ largest }}), {{ largest }}) * {{ factor }}, -{{ largest }}
            ), {{ largest }})
    end
{%- endmacro %}
