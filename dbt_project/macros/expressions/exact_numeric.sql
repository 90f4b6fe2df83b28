{#-
A double as the numeric that PostgreSQL casts it to, with six decimals; a third of the cast's time where it has no more.

PostgreSQL prints a double with 15 digits and reads it again. Below 1e9 these hold all six decimals: a number that lies
nearest to a millionth, and not halfway between two, is that millionth.
-#}
{% macro exact_numeric(amount, precision=20) -%}
    cast(
        case
            when
                {{ amount }} between -1e9 and 1e9
                and abs({{ amount }} * 1e6 - round({{ amount }} * 1e6)) < 0.4
                then cast({{ amount }} * 1e6 as bigint) * 0.000001
            else cast({{ amount }} as numeric)
        end as numeric({{ precision }}, 6)
    )
{%- endmacro %}
