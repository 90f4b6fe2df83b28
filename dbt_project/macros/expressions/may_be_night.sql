{#-
Whether the sun may be more than 6 degrees below the horizon at an instant; quicker to tell than its elevation.

A circular orbit and mean solar time put the sun at most 4.2 degrees wrong, from pole to pole and whenever: where it stands
no more than 1.4 degrees (a sine of 0.025) below the horizon like that, it is not night. sin(elevation) = sin(latitude) sin(declination) - cos(latitude)
cos(declination) cos(time of day as an angle from midnight); the declination is zero 79 days after New Year.
-#}
{% macro may_be_night(epoch_s, sin_latitude, cos_latitude, longitude_turns) -%}
    {%- set sin_declination = '(0.3978 * sin(2 * pi() * (' ~ epoch_s ~ ' / 31556952 - 79 / 365.2425)))' -%}
    (
        {{ sin_latitude }} * {{ sin_declination }}
        - {{ cos_latitude }} * sqrt(1 - {{ sin_declination }} ^ 2)
        * cos(2 * pi() * ({{ epoch_s }} / 86400 + {{ longitude_turns }}))
        <= -0.025
    )
{%- endmacro %}
