"""Recorded plant power, moved to any date: what a roof would have delivered in a given quarter hour.

The recording covers 1 July to 12 October 2016. The rule that moves it:

Time of day:  the quarter hour of the site's standard time, so the sun stands right all year and the
              clock changes neither repeat nor lose a reading.
Season:       the recorded day that is as many days from 21 June as the day asked for; spring replays
              autumn. Days around 21 June walk back into July. From mid-October to February the last
              28 recorded days go back and forth, which flatters the winter.
"""

import csv
import gzip
import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

RECORDING = Path(__file__).parent / "data" / "serf_east_15min_ac_power.csv.gz"
SLOTS_A_DAY = 96
INTERVAL = timedelta(minutes=15)
SOLSTICE_DAY_OF_YEAR = 172
FIRST_DISTANCE_DAYS = 11  # 1 July 2016 is day 183 of a leap year
WINTER_DAYS = 28


@cache
def _recorded_power_w() -> tuple[Decimal, ...]:
    with gzip.open(RECORDING, "rt", newline="") as lines:
        return tuple(Decimal(row["ac_power"]) for row in csv.DictReader(lines))


def recorded_day(on: date) -> int:
    """Index of the recorded day that stands for `on`; see the rule above."""
    days = len(_recorded_power_w()) // SLOTS_A_DAY
    index = abs(on.timetuple().tm_yday - SOLSTICE_DAY_OF_YEAR) - FIRST_DISTANCE_DAYS
    if index < 0:
        return -index - 1
    if index < days:
        return index
    step = (index - days) % (2 * WINTER_DAYS)
    return days - 1 - min(step, 2 * WINTER_DAYS - 1 - step)


def power_w(zone: ZoneInfo, start: datetime) -> Decimal:
    """Mean power of the roof in the quarter hour that begins at `start`, W."""
    local = start.astimezone(zone)
    standard = local.replace(tzinfo=None) - (local.dst() or timedelta(0))
    slot = (standard.hour * 60 + standard.minute) // 15
    return _recorded_power_w()[recorded_day(standard.date()) * SLOTS_A_DAY + slot]


def chance(seed: int, *names: object) -> float:
    """A number in [0, 1) that depends on the names only, never on the order of calls."""
    text = "|".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def floor(instant: datetime) -> datetime:
    """The beginning of the quarter hour that `instant` lies in, in UTC."""
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(INTERVAL.total_seconds()), tz=UTC)
