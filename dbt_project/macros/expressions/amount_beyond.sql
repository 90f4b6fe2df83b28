{#-
By how much one amount is larger than another, to six places; null where it is not. Compared as they are, because that is
quick and nearly every amount is within its bounds; rounded, because 1.2 times a capacity is no exact double.
-#}
{% macro amount_beyond(larger, smaller) -%}
    case when {{ larger }} > {{ smaller }} then round(cast({{ larger }} - {{ smaller }} as numeric), 6) end
{%- endmacro %}
