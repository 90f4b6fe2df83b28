"""GoodWe: power curves of samples a minute apart to quarter hours of mean power and energy.

Mean power is that of the minutes that have a value. Energy is their sum, carried to the whole quarter hour, only
where at least four fifths of the minutes have one; else the quarter hour is missing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from include.sources.inverters.cells import Flaw, number
from include.sources.inverters.goodwe_codes import of, shape
from include.sources.inverters.goodwe_times import Moment, moments

QUARTER = timedelta(minutes=15)
LEAST_SHARE = 0.8
STEPS_MINUTES = (1, 5, 15)
LEAST_SAMPLES_FOR_OTHER_STEP = 12  # an hour in steps of five minutes

POWER = "pSystem"
# further items of the curve: our metric, and what one delivered unit is in it
METRICS = {
    "pGrid": ("grid_export_w", 1000.0),
    "pConsum": ("consumption_w", 1000.0),
    "pBat": ("battery_discharge_w", 1000.0),
    "soc": ("soe_pct", 1.0),
}
TIMES = ("tp", "time", "dateTime", "x")
VALUES = ("power", "value", "pv", "y")


class Sample(NamedTuple):
    """One point of a curve."""

    moment: Moment
    value: float | Flaw | None


@dataclass(slots=True)
class Quarter:
    """The samples of one item in one quarter hour, or of one time that is no instant."""

    start: datetime | Flaw
    count: int = 0
    total: float = 0.0
    flaw: Flaw | None = None
    is_ambiguous: bool = False
    step_minutes: int = 1
    accompanying: dict[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """Mean of the samples that have a value."""
        return self.total / self.count if self.count else None

    @property
    def is_whole(self) -> bool:
        """Whether enough of the quarter hour is known to carry it to the whole."""
        return self.count * self.step_minutes >= LEAST_SHARE * QUARTER / timedelta(minutes=1)


def items(data: Any) -> dict[str, list[Mapping[str, Any]]]:
    """The points of every item of a power statistic; captures differ in the names of both lists."""
    listed = of(dict, data, "the curve")
    series = listed.get("dataList") if "dataList" in listed else listed.get("statisticsList")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in of(list, series, "dataList"):
        of(dict, entry, "an item of the curve")
        points = entry.get("powerData") if "powerData" in entry else entry.get("statisticsList")
        found[str(entry.get("item"))] = of(list, points or [], "powerData")
    if POWER not in found:
        raise shape(f"the curve has no {POWER}")
    return found


def quarters(found: Mapping[str, Sequence[Mapping[str, Any]]], zone_name: str, fetched_at: datetime) -> list[Quarter]:
    """Quarter hours of the curve's power, in order, with the means of the items that came along."""
    result = _resampled(found[POWER], zone_name, fetched_at)
    by_start = {quarter.start: quarter for quarter in result if isinstance(quarter.start, datetime)}
    for item, (metric, factor) in METRICS.items():
        for quarter in _resampled(found.get(item, ()), zone_name, fetched_at):
            if quarter.is_whole and quarter.start in by_start:
                by_start[quarter.start].accompanying[metric] = round(quarter.mean * factor, 3)
    return result


def _resampled(points: Sequence[Mapping[str, Any]], zone_name: str, fetched_at: datetime) -> list[Quarter]:
    samples = list(_samples(points, zone_name, fetched_at))
    step_minutes = _step_minutes(samples)
    found: dict[tuple, Quarter] = {}
    for moment, value in samples:
        start = _quarter_of(moment)
        quarter = found.setdefault(_order(start), Quarter(start, step_minutes=step_minutes))
        quarter.is_ambiguous |= moment.is_ambiguous
        if isinstance(value, Flaw):
            quarter.flaw = quarter.flaw or value
        elif value is not None:
            quarter.count += 1
            quarter.total += value
    return [found[key] for key in sorted(found)]


def _samples(points: Sequence[Mapping[str, Any]], zone_name: str, fetched_at: datetime) -> Iterator[Sample]:
    """The points in order of delivery; a point that is sent twice counts once."""
    cells = [next((of(dict, p, "a point")[name] for name in TIMES if name in p), None) for p in points]
    known: set[datetime] = set()
    for point, moment in zip(points, moments(cells, zone_name, fetched_at), strict=True):
        if isinstance(moment.at, datetime):
            if moment.at in known:
                continue
            known.add(moment.at)
        yield Sample(moment, number(next((point[name] for name in VALUES if name in point), None)))


def _step_minutes(samples: Sequence[Sample]) -> int:
    """How far the samples lie apart; a minute, unless the whole curve shows another step."""
    starts = [sample.moment.at for sample in samples if isinstance(sample.moment.at, datetime)]
    if len(starts) < LEAST_SAMPLES_FOR_OTHER_STEP:
        return STEPS_MINUTES[0]
    gaps = Counter((after - before) // timedelta(minutes=1) for before, after in pairwise(starts))
    usual = gaps.most_common(1)[0][0]
    return usual if usual in STEPS_MINUTES else STEPS_MINUTES[0]


def _quarter_of(moment: Moment) -> datetime | Flaw:
    """The quarter hour of a sample; the times of a spring gap are gathered by quarter hour too."""
    if isinstance(moment.at, datetime):
        return floored(moment.at)
    if moment.local is None:
        return moment.at
    return Flaw(moment.at.code, floored(moment.local).isoformat(sep=" "))


def floored(at: datetime) -> datetime:
    """The start of the quarter hour of a time."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def _order(start: datetime | Flaw) -> tuple[int, float, str]:
    """Sort key: quarters without a usable time come last, by their text."""
    return (1, 0.0, start.text) if isinstance(start, Flaw) else (0, start.timestamp(), "")
