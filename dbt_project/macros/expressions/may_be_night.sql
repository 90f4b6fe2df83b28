{#-
Whether the sun may be more than 6 degrees below the horizon at an instant; quicker to tell than its elevation.

`solar_day_shift` is the longitude in turns where noon is day all year, else null. Within four hours of mean noon, with the
equation of time's quarter of an hour, the sun is above -3 degrees up to a latitude of 50: sin(elevation) =
sin(latitude) sin(declination) + cos(latitude) cos(declination) cos(hour angle), at a declination of -23.44 and 64 degrees.
-#}
{% macro may_be_night(instant, solar_day_shift) -%}
    (
        {{ solar_day_shift }} is null
        or abs(
            date_part('epoch', {{ instant }}) / 86400 + {{ solar_day_shift }}
            - floor(date_part('epoch', {{ instant }}) / 86400 + {{ solar_day_shift }}) - 0.5
        ) > 1 / 6.0
    )
{%- endmacro %}
