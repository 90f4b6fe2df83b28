{#-
Liquidated damages, unrounded and before any cap: units of the basis, in steps, times the rate. The rate of a price
difference is at least the floor and never below zero; a floor holds for any other rate as well.
-#}
{% macro damages() -%}
    case
        when ld_basis = 'flat' then ld_rate
        else
            case ld_step_mode
                when 'started' then ceil(ld_units / coalesce(ld_step, 1))
                when 'completed' then floor(ld_units / coalesce(ld_step, 1))
                else ld_units / coalesce(ld_step, 1)
            end
            * greatest(
                0,
                case ld_basis when 'price_difference' then ld_alternate_price - ld_contract_price else ld_rate end,
                ld_floor
            )
    end
{%- endmacro %}
