{#-
What a delivered number is multiplied with; 1 where no unit, and so the canonical one, came, null where nobody knows it.

The usual spellings are told at once; every other one is looked up in `units`, the rows of core.unit.
-#}
{% macro unit_factor(delivered, quantity) -%}
    {%- set usual = {
        'energy': {'Wh': 1, 'kWh': 1000, 'MWh': 1000000},
        'power': {'W': 1, 'kW': 1000, 'MW': 1000000},
    }[quantity] -%}
    case
        when {{ delivered }} is null then 1
        {%- for symbol, factor in usual.items() %}
        when {{ delivered }} = '{{ symbol }}' then {{ factor }}
        {%- endfor %}
        when {{ unit_symbol(delivered) }} is null then 1
        else
            (
                select units.factor from units
                where units.quantity = '{{ quantity }}' and units.symbol = {{ unit_symbol(delivered) }}
            )
    end
{%- endmacro %}
