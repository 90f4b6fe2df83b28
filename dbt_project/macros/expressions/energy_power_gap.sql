{#-
How far a delivered energy and the energy of the delivered power lie apart, percent of the larger one; null when one was
not delivered or both are too small to say.
-#}
{% macro energy_power_gap(energy_wh, power_energy_wh, smallest_wh) -%}
    case
        when greatest(abs({{ energy_wh }}), abs({{ power_energy_wh }})) > {{ smallest_wh }}
            and {{ energy_wh }} + {{ power_energy_wh }} is not null
            then cast(
                100 * abs({{ energy_wh }} - {{ power_energy_wh }})
                / greatest(abs({{ energy_wh }}), abs({{ power_energy_wh }})) as numeric(9, 3)
            )
    end
{%- endmacro %}
