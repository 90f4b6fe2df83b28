"""Readings to measure with: 100 meters, quarter hours, four months, and 0.1 percent bad rows of each of six kinds.

The same rows are written as Parquet, CSV and NDJSON. Every bad value still has the type of its column, so a plain
`COPY` into a typed table takes the file too, and both do the same work.
"""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

METERS = 100
INTERVAL_S = 900
FORMATS = ("parquet", "csv", "ndjson")
# one row in a thousand of each kind is made bad, and one in a thousand is repeated
ONE_IN = 1_000
BAD_KINDS = ("future", "negative", "too_much", "too_hot", "odd_quality", "unknown_device")
COLUMNS = (
    "site_id",
    "device_id",
    "timestamp",
    "interval_seconds",
    "energy_wh",
    "power_w",
    "irradiance_wm2",
    "temperature_c",
    "quality",
)
RATED_W = 100_000.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How many rows, of how many meters, in which interval, and how many days ago the last of them."""

    rows: int
    meters: int = METERS
    interval_s: int = INTERVAL_S
    ended_days_ago: int = 3

    @property
    def slots(self) -> int:
        """Intervals of each meter."""
        return math.ceil(self.rows / self.meters)

    def first_at(self) -> datetime:
        """The first instant."""
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        last = today - timedelta(days=self.ended_days_ago)
        return last - timedelta(seconds=self.interval_s * self.slots)


def table(shape: Shape, seed: int = 7) -> "pa.Table":
    """All rows of a shape, meter by meter, each in order of time; the same for the same seed and day."""
    import numpy as np
    import pyarrow as pa

    generator = np.random.default_rng(seed)
    slots = shape.slots
    seconds = np.arange(slots, dtype="int64") * shape.interval_s
    start_us = int(shape.first_at().timestamp() * 1_000_000)
    hour = (seconds / 3600 + shape.first_at().hour) % 24
    sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None)
    meters = np.repeat(np.arange(shape.meters), slots)[: shape.rows]
    slot = np.tile(np.arange(slots), shape.meters)[: shape.rows]
    cloud = 0.6 + 0.4 * generator.random(shape.rows)
    irradiance = np.round(1000 * sun[slot] * cloud, 1)
    power = np.round(irradiance * 0.08 * 1000, 1)
    columns = {
        "site_id": pa.array(["P1"]).take(pa.array(np.zeros(shape.rows, dtype="int32"))),
        "device_id": pa.array([f"INV-{number}" for number in range(shape.meters)]).take(pa.array(meters)),
        "timestamp": pa.array(start_us + seconds[slot] * 1_000_000, pa.timestamp("us", "UTC")),
        "interval_seconds": pa.array(np.full(shape.rows, shape.interval_s), pa.int32()),
        "energy_wh": pa.array(np.round(power * shape.interval_s / 3600, 3)),
        "power_w": pa.array(power),
        "irradiance_wm2": pa.array(irradiance),
        "temperature_c": pa.array(np.round(15 + 20 * sun[slot] + generator.normal(0, 1, shape.rows), 2)),
        "quality": pa.array(["measured"]).take(pa.array(np.zeros(shape.rows, dtype="int32"))),
    }
    return _spoil(pa.table(columns), random.Random(seed))  # noqa: S311 -- test data, not a secret


def bad_rows(rows: int) -> int:
    """How many rows of a table are refused."""
    return len(BAD_KINDS) * (rows // ONE_IN)


def repeated_rows(rows: int) -> int:
    """How many rows of a table repeat another."""
    return rows // ONE_IN


def write(content: "pa.Table", path: Path) -> Path:
    """Write a table in the format that the ending of `path` names."""
    from pyarrow import csv, parquet

    match path.suffix:
        case ".parquet":
            parquet.write_table(content, path)
        case ".csv":
            csv.write_csv(content, path)
        case ".ndjson":
            with path.open("w", encoding="utf-8") as file:
                for batch in content.to_batches(max_chunksize=50_000):
                    file.write(batch.to_pandas().to_json(orient="records", lines=True, date_format="iso"))
        case other:
            raise ValueError(f"no format {other!r}")
    return path


def _spoil(content: "pa.Table", chance: random.Random) -> "pa.Table":
    """Make rows bad, and others repeat the row before them."""
    import pyarrow as pa

    rows, each = content.num_rows, content.num_rows // ONE_IN
    # every second row at most, so that no row is both bad and repeated
    chosen = chance.sample(range(1, rows // 2), each * (len(BAD_KINDS) + 1))
    places = iter(2 * number for number in chosen)
    values = {name: content[name].to_numpy(zero_copy_only=False).copy() for name in COLUMNS}
    bad = {
        "future": ("timestamp", values["timestamp"].max() + 40 * 86_400_000_000_000 // 1_000),
        "negative": ("energy_wh", -5_000_000.0),
        "too_much": ("power_w", 1e9),
        "too_hot": ("temperature_c", 500.0),
        "odd_quality": ("quality", "guessed"),
        "unknown_device": ("device_id", "INV-UNKNOWN"),
    }
    for kind in BAD_KINDS:
        column, value = bad[kind]
        for place in islice(places, each):
            values[column][place] = value
    for place in places:
        for column in values.values():
            column[place] = column[place - 1]
    return pa.table({name: pa.array(values[name], content.schema.field(name).type) for name in COLUMNS})
