set local role sunledger_owner;

-- The sun's apparent longitude on the ecliptic, radians, from days since noon UTC of 1 January 2000.
create function core.sun_longitude_rad(days double precision) returns double precision
language sql immutable strict parallel safe
as $$
    select radians(
        280.460 + 0.9856474 * days
        + 1.915 * sind(357.528 + 0.9856003 * days)
        + 0.020 * sind(2 * (357.528 + 0.9856003 * days))
    )
$$;

-- Elevation of the sun's centre above the horizon, degrees, without refraction; negative at night.
-- Formula: the low-precision solar coordinates of the Astronomical Almanac (section C), as NOAA and NREL publish them;
-- 0.01 degree between 1950 and 2050. Latitude is positive to the north, longitude positive to the east.
create function core.sun_elevation_deg(latitude numeric, longitude numeric, at timestamptz) returns double precision
language plpgsql immutable strict parallel safe
as $$
declare
    days double precision := date_part('epoch', at) / 86400 - 10957.5;
    ecliptic_longitude double precision := core.sun_longitude_rad(days);
    obliquity double precision := radians(23.439 - 0.0000004 * days);
    declination double precision := asin(sin(obliquity) * sin(ecliptic_longitude));
    right_ascension_deg double precision
        := degrees(atan2(cos(obliquity) * sin(ecliptic_longitude), cos(ecliptic_longitude)));
    sidereal_deg double precision := 280.46062 + 360.98564737 * days;
    hour_angle double precision := radians(sidereal_deg + longitude - right_ascension_deg);
begin
    return degrees(asin(greatest(-1, least(1,
        sind(latitude) * sin(declination) + cosd(latitude) * cos(declination) * cos(hour_angle)
    ))));
end
$$;

reset role;
