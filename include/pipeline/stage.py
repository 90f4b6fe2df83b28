"""Stage: parse the lake object and copy its rows to the raw table, in one transaction with the bookkeeping."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.core import heap
from include.core.errors import FileRejected, UnexpectedPayload
from include.core.failpoints import failpoint
from include.lake.store import Lake
from include.pipeline import feeds
from include.warehouse import audit, database, loads, raw

ANALYZE_FROM_ROWS = 1_000
MANY_ROWS = 10_000
LONGEST_GRID_SECONDS = 3_600


@database.one_session()
def stage(load_id: int) -> dict[str, Any]:
    """Copy a load's rows to raw and return its ledger row; staging again replaces what was staged before.

    A file that cannot be read as a whole ends as `rejected` (or `empty`) with its code; nothing of it is staged.
    """
    day = datetime.now(UTC).date()
    with database.connect() as connection:
        load = loads.claim(connection, load_id)
        raw.ensure_partition(connection, load["feed"], day)
    rows = Rows(load, day)
    try:
        with Lake().local_file(load["lake_key"], load["sha256"]) as path:
            _copy([rows], [path])
    except (FileRejected, UnexpectedPayload) as refusal:
        with database.connect() as connection:
            loads.refuse(connection, load, "empty" if refusal.code == "F001_EMPTY" else "rejected", refusal)
            if refusal.code == "F008_TENANT_MISMATCH":
                _audit_mismatch(connection, load, refusal)
            return loads.get(connection, load_id)
    failpoint("after_stage_commit")
    with database.connect() as connection:
        if rows.count >= ANALYZE_FROM_ROWS:
            raw.analyze(connection, load["feed"], day)
        return loads.get(connection, load_id)


def _audit_mismatch(connection: database.Connection, load: dict[str, Any], refusal: FileRejected) -> None:
    audit.record(
        connection,
        actor="pipeline",
        action="refuse load",
        subject=f"load {load['load_id']}",
        reason=f"{refusal.code}: {refusal.message}",
        organization_id=load["organization_id"],
    )


@database.one_session()
def stage_together(load_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Stage several small loads of one feed in one transaction; when one of them cannot be read, none is staged."""
    day = datetime.now(UTC).date()
    with database.connect() as connection:
        claimed = [loads.claim(connection, load_id) for load_id in load_ids]
        raw.ensure_partition(connection, claimed[0]["feed"], day)
    group = [Rows(load, day) for load in claimed]
    with ExitStack() as stack:
        paths = [stack.enter_context(Lake().local_file(load["lake_key"], load["sha256"])) for load in claimed]
        _copy(group, paths)
    failpoint("after_stage_commit")
    with database.connect() as connection:
        return [loads.get(connection, load_id) for load_id in load_ids]


def _copy(group: Sequence["Rows"], paths: Sequence[Path]) -> None:
    """Copy the rows of some loads of one feed and day; rows and bookkeeping commit together."""
    heap.keep_little()
    feed, day = group[0].load["feed"], group[0].day
    with database.connect() as connection:
        for rows, path in zip(group, paths, strict=True):
            for table in filter(None, (feed, feeds.rules(rows.load).kept_in)):
                raw.delete(connection, rows.load, table)
            raw.copy(connection, feed, day, rows.batches(path))
        failpoint("before_stage_commit")
        for rows in group:
            loads.staged(connection, rows.load, rows.measured())
    if sum(rows.count for rows in group) >= MANY_ROWS:
        heap.give_back()  # a worker goes on for long, and judging takes memory of its own


class Rows:
    """The raw rows of a load on their way to the table, counted and measured as they pass."""

    def __init__(self, load: dict[str, Any], day: date) -> None:
        self.load, self.day = load, day
        self.schema = pa.schema([("load_id", pa.int64()), ("staged_on", pa.date32()), *feeds.schema(load)])
        self.count = 0
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None
        self._grid: dict[str, Counter[int]] = {}

    def batches(self, path) -> Iterator[pa.RecordBatch]:
        """Batches ready for the table."""
        for batch in feeds.batches(self.load, path):
            self._measure(batch)
            failpoint("copy_batch")
            yield self._complete(batch)
        if self.count == 0:
            raise FileRejected("F001_EMPTY", "there are no readings in it")

    def _complete(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        load_ids = pa.repeat(pa.scalar(self.load["load_id"], pa.int64()), batch.num_rows)
        days = pa.repeat(pa.scalar(self.day, pa.date32()), batch.num_rows)
        return pa.RecordBatch.from_arrays([load_ids, days, *batch.columns], schema=self.schema)

    def _measure(self, batch: pa.RecordBatch) -> None:
        self.count += batch.num_rows
        if "interval_start" not in batch.schema.names:
            return  # a bill names days, not instants
        starts = batch.column("interval_start")
        if starts.null_count == batch.num_rows:
            return
        span = pc.min_max(starts).as_py()
        self.first_at = min(filter(None, (self.first_at, span["min"])))
        self.last_at = max(filter(None, (self.last_at, span["max"])))
        self._measure_grid(batch)

    def _measure_grid(self, batch: pa.RecordBatch) -> None:
        """Count, per series, by how many seconds the rows lie off the whole grid of their interval."""
        interval = pc.cast(batch.column("interval_seconds"), pa.int64())
        usable = pc.and_(pc.greater(interval, 0), pc.less_equal(interval, LONGEST_GRID_SECONDS))
        interval = pc.if_else(usable, interval, None)
        seconds = pc.divide(pc.cast(batch.column("interval_start"), pa.int64()), 1_000_000)
        offsets = pc.subtract(seconds, pc.multiply(pc.divide(seconds, interval), interval))
        if not self._grid and not pc.any(pc.not_equal(offsets, 0)).as_py():
            return  # all rows so far lie on the grid, as nearly every file's do
        series = pc.binary_join_element_wise(
            *(pc.fill_null(batch.column(name), "") for name in ("external_site_id", "external_device_id")), "/"
        )
        grouped = (
            pa.table({"series": series, "offset": offsets})
            .group_by(["series", "offset"])
            .aggregate([([], "count_all")])
        )
        for row in grouped.to_pylist():
            if row["offset"] is not None:
                self._grid.setdefault(row["series"], Counter())[row["offset"]] += row["count_all"]

    def measured(self) -> dict[str, Any]:
        """What `loads.staged` writes down of the rows that passed."""
        return {
            "rows_in": self.count,
            "staged_on": self.day,
            "data_start_at": self.first_at,
            "data_end_at": self.last_at,
            "grid_offsets": self.grid_offsets(),
            "parser_version": feeds.PARSER_VERSION,
        }

    def grid_offsets(self) -> dict[str, int]:
        """Series (`site/device`) whose usual place on the grid is not zero, with that place in seconds."""
        usual = {
            series: max(counts.items(), key=lambda item: (item[1], -item[0]))[0]
            for series, counts in self._grid.items()
        }
        return {series: offset for series, offset in usual.items() if offset}
