"""SolarEdge v1: registers and telemetry that were sampled when it suited the device, brought to quarter hours.

A register goes to the interval whose start it was read nearest to, so that neither a sample a second early nor one a
second late tears a hole. Other values go to the interval in which they were sampled: the mean of the powers, the first
of the others. A sample without a usable time becomes a row of its own, for judging to refuse.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

from include.core.records import Site
from include.sources.inverters.cells import Flaw, number
from include.sources.inverters.solaredge_lists import of
from include.sources.inverters.solaredge_rows import INTERVAL, POWER, Metric, Row, blank, fill, order, put
from include.sources.inverters.solaredge_v1_times import Place, sampled

Rows = dict[tuple, Row]


class Sample(NamedTuple):
    """Values that a device had at one moment; `number` counts the samples of the answer."""

    number: int
    place: Place
    cells: Row


class Samples:
    """The samples of one device on their way to its rows."""

    def __init__(self, rows: Rows, points: list[Any], device: str, site: Site) -> None:
        self.rows, self.device, self.site = rows, device, site
        cells = [of(dict, point, "a sample") for point in points]
        places = sampled(cells, site.time_zone)
        self.samples = [Sample(n, *pair) for n, pair in enumerate(zip(places, cells, strict=True))]

    def put_registers(self, field: str, metric: Metric, unit: str) -> None:
        """Fill a register's column from the sample nearest to each interval's start."""
        nearest: dict[datetime | int, tuple[timedelta, Row, Any]] = {}
        for sample in self.samples:
            at = sample.place.at
            boundary = at if isinstance(at, Flaw) else quarter_hour(at + INTERVAL / 2)
            row = self._row(sample, boundary)
            key, distance = (sample.number, timedelta(0)) if isinstance(at, Flaw) else (boundary, abs(at - boundary))
            value = number(sample.cells.get(field))
            if value is not None and (key not in nearest or distance < nearest[key][0]):
                nearest[key] = (distance, row, value)
        for _, row, value in nearest.values():
            fill(row, metric, unit, value)

    def put_telemetry(self) -> None:
        """Fill power, temperature and grid values; voltage and current only where there is one phase."""
        for row, group in self._quarter_hours():
            fill(row, POWER, "W", _mean(group, "totalActivePower"))
            put(row, "inverter_temperature_c", _first(group, "temperature"))
            phases = [of(dict, cells["L1Data"], "L1Data") for cells in group if cells.get("L1Data")]
            put(row, "frequency_hz", _first(phases, "acFrequency"))
            if not any(cells.get("L2Data") for cells in group):
                put(row, "voltage_v", _first(phases, "acVoltage"))
                put(row, "current_a", _first(phases, "acCurrent"))

    def _quarter_hours(self) -> Iterator[tuple[Row, list[Row]]]:
        groups: dict[int, tuple[Row, list[Row]]] = {}
        for sample in self.samples:
            at = sample.place.at
            row = self._row(sample, at if isinstance(at, Flaw) else quarter_hour(at))
            groups.setdefault(id(row), (row, []))[1].append(sample.cells)
        yield from groups.values()

    def _row(self, sample: Sample, start: datetime | Flaw) -> Row:
        alone = sample.number if isinstance(start, Flaw) else 0
        row = self.rows.setdefault((self.device, *order(start), alone), blank(self.site, self.device, start))
        if sample.place.is_ambiguous:
            row["is_dst_ambiguous"] = True
        return row


def quarter_hour(at: datetime) -> datetime:
    """The beginning of the quarter hour that an instant lies in."""
    return datetime.fromtimestamp(at.timestamp() // INTERVAL.total_seconds() * INTERVAL.total_seconds(), tz=UTC)


def _first(samples: list[Row], field: str) -> float | Flaw | None:
    """The first value that came."""
    return next((value for cells in samples if (value := number(cells.get(field))) is not None), None)


def _mean(samples: list[Row], field: str) -> float | Flaw | None:
    """The mean of the values that came; one that is no number is not averaged away."""
    values = [value for cells in samples if (value := number(cells.get(field))) is not None]
    flaw = next((value for value in values if isinstance(value, Flaw)), None)
    return flaw or (fmean(values) if values else None)
