{#-
Energy between two readings of a cumulative register, Wh; never negative. A smaller later value is a rollover where the
register's modulus is known and explains it, else a reset: then, and where the difference is more than the meter can
deliver, the energy stays unknown.
-#}
{% macro register_difference(earlier, later, modulus, limit) -%}
    case
        when {{ later }} - {{ earlier }} between 0 and {{ limit }} then {{ later }} - {{ earlier }}
        when
            {{ later }} < {{ earlier }} and {{ earlier }} <= {{ modulus }}
            and {{ later }} + {{ modulus }} - {{ earlier }} <= least({{ limit }}, {{ modulus }} / 2)
            then {{ later }} + {{ modulus }} - {{ earlier }}
    end
{%- endmacro %}
