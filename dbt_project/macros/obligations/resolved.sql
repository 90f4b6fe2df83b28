{#-
A shortfall without what endless fractions leave behind. Days are stored with eight decimals and ratios with eighteen, so
that 1/3 and 2/3 do not make exactly one: whatever lies within 10^-11 of the guarantee of a number with nine digits,
counted from the first of the guarantee, is that number. Nothing that was measured is so small: a second of a year of a
thousand meters is more.
-#}
{% macro resolved(shortfall, guaranteed) -%}
    {%- set plain_number -%}
    round({{ shortfall }}, greatest(0, 9 - length(cast(trunc({{ guaranteed }}) as text))))
    {%- endset -%}
    case
        when abs({{ shortfall }} - {{ plain_number }}) <= {{ guaranteed }} * 1e-11 then {{ plain_number }}
        else {{ shortfall }}
    end
{%- endmacro %}
