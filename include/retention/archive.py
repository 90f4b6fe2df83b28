"""Months of readings in the archive: one Parquet object for each organization and month, and a signed note of it.

    archive/readings/{organization_id}/{YYYY-MM}.parquet      the rows in the order of their key
    archive/readings/{organization_id}/{YYYY-MM}.json         rows, SHA-256, revision; written once they were verified

A month that was restored, changed and retired again has further revisions, `{YYYY-MM}.r2.parquet` and so on. An object
without a note is the rest of an attempt that did not end, and counts for nothing. Months are those of UTC.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.canonical_json import canonical
from include.core.errors import ObjectCorrupt, SignatureRefused
from include.lake.store import Lake
from include.security import signing

KIND = "archived-readings-v1"
FOLDER = "archive/readings"
ROW_GROUP_ROWS = 25_000
ENERGY, MEASURE = pa.decimal128(20, 6), pa.decimal128(12, 6)
INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("organization_id", pa.int64()),
        ("project_id", pa.int64()),
        ("meter_id", pa.int64()),
        ("source_system", pa.string()),
        ("external_site_id", pa.string()),
        ("external_device_id", pa.string()),
        ("timestamp", INSTANT),
        ("reading_interval_seconds", pa.int32()),
        ("energy_wh", ENERGY),
        ("energy_total_wh", ENERGY),
        ("power_w", ENERGY),
        ("irradiance_wm2", MEASURE),
        ("temperature_c", MEASURE),
        ("other_metrics", pa.string()),  # JSON
        ("quality", pa.string()),
        ("load_id", pa.int64()),
        ("row_number", pa.int64()),
        ("publication_id", pa.int64()),
        ("ingested_at", INSTANT),
    ]
)
ORDER = ("meter_id", "timestamp", "reading_interval_seconds", "source_system")
_NOTE = re.compile(r"(?P<month>\d{4}-\d{2})(?:\.r(?P<revision>\d+))?\.json")


@dataclass(frozen=True, slots=True)
class Archived:
    """One month of one organization in the archive; `month` as `2026-01`, size in bytes."""

    organization_id: int
    month: str
    revision: int
    key: str
    rows: int
    size_bytes: int
    sha256: str


def key_of(organization_id: int, month_start: date, revision: int, suffix: str = "parquet") -> str:
    """The key of a month's object, or of its note (`json`)."""
    again = f".r{revision}" if revision > 1 else ""
    return f"{FOLDER}/{organization_id}/{month_start:%Y-%m}{again}.{suffix}"


def write(path: Path, batches: Iterable[pa.RecordBatch]) -> int:
    """Write rows to a Parquet file, a row group at a time; returns how many. The same rows give the same bytes."""
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for batch in _regrouped(batches):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def rows_of(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows of an archive file, a row group at a time."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=ROW_GROUP_ROWS)


def require_same(key: str, archived: Iterable[pa.RecordBatch], stored: Iterable[pa.RecordBatch]) -> int:
    """Compare two streams row for row and return their length; raises ObjectCorrupt at the first difference."""
    rows, left, right = 0, _regrouped(archived), _regrouped(stored)
    while True:
        one, other = next(left, None), next(right, None)
        if one is None and other is None:
            return rows
        if one is None or other is None or not one.equals(other):
            raise ObjectCorrupt(
                f"the archived rows differ from the database between row {rows + 1} and {rows + ROW_GROUP_ROWS}",
                place=key,
                remedy="nothing was removed; the next run archives the month anew",
            )
        rows += one.num_rows


def _regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of one size, whatever sizes they come in."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        waiting.append(batch)
        held += batch.num_rows
        while held >= ROW_GROUP_ROWS:
            table = pa.Table.from_batches(waiting, SCHEMA).combine_chunks()
            yield table.slice(0, ROW_GROUP_ROWS).to_batches()[0]
            waiting = table.slice(ROW_GROUP_ROWS).to_batches()
            held -= ROW_GROUP_ROWS
    if held:
        yield pa.Table.from_batches(waiting, SCHEMA).combine_chunks().to_batches()[0]


def put_note(lake: Lake, archived: Archived) -> str:
    """Say, signed, that an object was verified; returns the note's key."""
    signer = signing.Signer.from_environment()
    note = {"kind": KIND, **asdict(archived)}
    signature = base64.b64encode(signer.sign(canonical(note))).decode()
    key = archived.key.removesuffix(".parquet") + ".json"
    lake.put_bytes(key, canonical({"archive": note, "signing_key_id": signer.key_id, "signature": signature}))
    return key


def newest(lake: Lake, organization_id: int) -> dict[str, Archived]:
    """The newest revision of every month of an organization, by month; raises SignatureRefused for a foreign note."""
    found: dict[str, tuple[int, str]] = {}
    for listed in lake.list(f"{FOLDER}/{organization_id}/"):
        match = _NOTE.fullmatch(listed.key.rsplit("/", 1)[-1])
        if match:
            revision = int(match["revision"] or 1)
            found[match["month"]] = max(found.get(match["month"], (0, "")), (revision, listed.key))
    return {month: _note(lake, key) for month, (_, key) in sorted(found.items())}


def _note(lake: Lake, key: str) -> Archived:
    try:
        document = json.loads(lake.read(key))
        note, signature = document["archive"], base64.b64decode(document["signature"], validate=True)
        signing.verify_as(document["signing_key_id"], canonical(note), signature)
        if note.pop("kind") != KIND or note["key"] != key.removesuffix(".json") + ".parquet":
            raise SignatureRefused("the note was moved: it vouches for another object", place=key)
        return Archived(**note)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise SignatureRefused("the object is no note of an archived month", place=key) from error


def readings(
    lake: Lake, organization_id: int, meter_ids: Sequence[int], start: datetime, end: datetime
) -> Iterator[dict[str, Any]]:
    """Archived readings of some meters in `[start, end)`, month by month in the order of their key.

    Columns and types are those of `canonical.meter_reading`. Every object is read whole and held against its SHA-256
    first; raises ObjectCorrupt, or NotFound where it is gone.
    """
    archived = newest(lake, organization_id)
    wanted = pa.array(meter_ids, pa.int64())
    for month in _months(start, end):
        if month not in archived:
            continue  # no meter of the organization had a reading in it
        note = archived[month]
        with lake.local_file(note.key, note.sha256) as path:
            for batch in rows_of(path):
                times = batch.column("timestamp")
                has_begun = pc.greater_equal(times, pa.scalar(start, INSTANT))
                is_within = pc.and_(has_begun, pc.less(times, pa.scalar(end, INSTANT)))
                chosen = pc.and_(is_within, pc.is_in(batch.column("meter_id"), wanted))
                for row in batch.filter(chosen).to_pylist():
                    metrics = row["other_metrics"]
                    yield row | {"other_metrics": None if metrics is None else json.loads(metrics)}


def _months(start: datetime, end: datetime) -> Iterator[str]:
    month, last = start.astimezone(UTC).replace(day=1), end.astimezone(UTC)
    while (month.year, month.month) <= (last.year, last.month):
        yield f"{month:%Y-%m}"
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
