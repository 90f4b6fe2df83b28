{#-
How far a delivered energy and the energy of the delivered power lie apart, percent of the larger one; null when one was
not delivered, both are too small to say, or they lie no more than `least_percent` apart.
-#}
{% macro energy_power_gap(energy_wh, power_energy_wh, smallest_wh, least_percent=0) -%}
    case
        when
            greatest(abs({{ energy_wh }}), abs({{ power_energy_wh }})) > {{ smallest_wh }}
            and 100 * abs({{ energy_wh }} - {{ power_energy_wh }})
            {{ '>=' if least_percent == 0 else '>' }} {{ least_percent }} * greatest(abs({{ energy_wh }}), abs({{ power_energy_wh }}))
            then cast(
                100 * abs({{ energy_wh }} - {{ power_energy_wh }})
                / greatest(abs({{ energy_wh }}), abs({{ power_energy_wh }})) as numeric(9, 3)
            )
    end
{%- endmacro %}
