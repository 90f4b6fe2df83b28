{#- A number that is not negative, rounded by the contract's rule. -#}
{% macro rounded(value, decimals, mode) -%}
    case {{ mode }}
        when 'down' then trunc({{ value }}, {{ decimals }})
        when 'half_even'
            then case
                when 2 * ({{ value }} - trunc({{ value }}, {{ decimals }})) = power(10::numeric, -{{ decimals }})
                    then 2 * round({{ value }} / 2, {{ decimals }})
                else round({{ value }}, {{ decimals }})
            end
        else round({{ value }}, {{ decimals }})
    end
{%- endmacro %}
