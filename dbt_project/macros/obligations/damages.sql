{#-
Liquidated damages, unrounded and before any cap: units of the basis, in steps, times the rate. The rate of a price
difference is at least the floor and never below zero; a floor holds for any other rate as well.
-#}
{% macro damages() -%}
    {%- set rate -%}
    greatest(
        0,
        case ld_basis when 'price_difference' then ld_alternate_price - ld_contract_price else ld_rate end,
        ld_floor
    )
    {%- endset -%}
    case
        when ld_basis = 'flat' then ld_rate
        when ld_step_mode = 'started' then ceil(ld_units / coalesce(ld_step, 1)) * {{ rate }}
        when ld_step_mode = 'completed' then floor(ld_units / coalesce(ld_step, 1)) * {{ rate }}
        -- divided last: a third of a step at 0.015 is 0.005
        else ld_units * {{ rate }} / coalesce(ld_step, 1)
    end
{%- endmacro %}
