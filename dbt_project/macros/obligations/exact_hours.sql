{#-
A sum of hours as what it is: hundredths of a second. Days store hours with ten decimals, and those of five minutes are
endless; added up they would miss a guarantee that is met to the second. 30 decimals outlast every division after this.
-#}
{% macro exact_hours(hours) -%}
    cast(round(360000 * {{ hours }}) as numeric(60, 30)) / 360000
{%- endmacro %}
