from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.plant import INTERVAL, chance, power_w, recorded_day

BERLIN, DENVER = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Denver")
LAST_DAY = 103


def day(zone, on, intervals=96):
    start = datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)
    return [power_w(zone, start + n * INTERVAL) for n in range(intervals)]


@pytest.mark.parametrize(
    ("on", "index"),
    [
        (date(2016, 7, 1), 0),
        (date(2016, 10, 12), LAST_DAY),
        (date(2026, 7, 2), 0),
        (date(2026, 6, 21), 10),
        (date(2026, 3, 1), 101),
        (date(2026, 10, 14), LAST_DAY),
        (date(2026, 12, 21), 91),
    ],
)
def test_the_season_is_roughly_right(on, index):
    assert recorded_day(on) == index


def test_every_day_of_the_year_has_a_recorded_day():
    used = Counter(recorded_day(date(2028, 1, 1) + timedelta(days=n)) for n in range(366))
    assert set(used) == set(range(LAST_DAY + 1))


@pytest.mark.parametrize("zone", [DENVER, BERLIN])
@pytest.mark.parametrize("on", [date(2026, 7, 15), date(2026, 11, 20)])
def test_the_sun_shines_at_noon_and_not_at_midnight(zone, on):
    watts = day(zone, on)
    assert max(watts[:16] + watts[-8:]) < 0
    assert sum(watts[32:64]) > sum(watts) * 3 / 4


def test_the_autumn_day_repeats_no_reading():
    watts = day(BERLIN, date(2026, 10, 25), intervals=100)
    summer_hour, winter_hour = watts[8:12], watts[12:16]
    assert summer_hour != winter_hour


def test_chance_depends_on_names_only():
    assert chance(7, "device", 1) == chance(7, "device", 1)
    assert chance(7, "device", 1) != chance(8, "device", 1)
    assert 0 <= chance(7) < 1
