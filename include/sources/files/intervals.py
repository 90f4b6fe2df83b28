"""The interval length of each series, learned from the spacing of its time stamps where nobody states it."""

from collections import Counter
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

DAY_SECONDS = 86_400
MICROSECONDS = 1_000_000


class Spacing:
    """Remembers, across batches, the usual spacing of every series (site and device)."""

    def __init__(self) -> None:
        self._seconds: dict[str, int] = {}

    def column(self, series: pa.DictionaryArray, utc: pa.TimestampArray) -> pa.Int32Array:
        """Seconds for every row: the first spacing seen in its series, else the one all series agree on."""
        names = series.dictionary.to_pylist()
        self._learn(names, series, utc)
        agreed = set(self._seconds.values())
        default = agreed.pop() if len(agreed) == 1 else None
        return pa.array([self._seconds.get(name, default) for name in names], pa.int32()).take(series.indices)

    def _learn(self, names: list[str], series: pa.DictionaryArray, utc: pa.TimestampArray) -> None:
        unknown = [code for code, name in enumerate(names) if name not in self._seconds]
        if not unknown:
            return
        is_unknown = pc.is_in(series.indices, value_set=pa.array(unknown, series.indices.type))
        times: dict[int, set[int]] = {}
        codes, us = series.indices.filter(is_unknown), utc.cast(pa.int64()).filter(is_unknown)
        for code, at in zip(codes.to_pylist(), us.to_pylist(), strict=True):
            if at is not None:
                times.setdefault(code, set()).add(at)
        for code, seen in times.items():
            seconds = usual_spacing(seen)
            if seconds:
                self._seconds[names[code]] = seconds


def usual_spacing(times_us: set[int]) -> int | None:
    """The most common distance of neighbours in seconds (the shorter of two), null unless it divides a day."""
    distances = Counter(later - earlier for earlier, later in pairwise(sorted(times_us)))
    if not distances:
        return None
    distance_us = min(distances, key=lambda distance: (-distances[distance], distance))
    seconds, rest = divmod(distance_us, MICROSECONDS)
    return seconds if rest == 0 and seconds and DAY_SECONDS % seconds == 0 else None


def series_of(sites: pa.StringArray, devices: pa.StringArray) -> pa.DictionaryArray:
    """One dictionary code for every pair of site and device."""
    return pc.binary_join_element_wise(pc.fill_null(sites, ""), pc.fill_null(devices, ""), "\x1f").dictionary_encode()
