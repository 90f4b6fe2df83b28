"""A month of readings leaves the database with proof, and comes back the same.

Out: every organization's rows are exported, the object is read back and compared with the database row for row, and
only then entered into the books. After that one transaction compares the rows with the books once more, drops the
month and marks it. A kill leaves either the month with some objects too many, or no month. Back: one transaction
copies the objects in, compares the fingerprint of the rows with the books, and lifts the mark.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from include.core import settings
from include.core.errors import IllegalState, ObjectCorrupt, ObjectExists
from include.core.failpoints import failpoint
from include.lake.store import Lake, sha256_of
from include.retention import archive
from include.retention.archive import Archived
from include.warehouse import audit, retention, retention_checks
from include.warehouse.database import Connection, connect


@dataclass(frozen=True, slots=True)
class Moved:
    """A month that went to the archive or came back; `objects` are the lake's keys."""

    month_start: date
    readings: int
    objects: list[str]


def retire(month_start: date, *, actor: str, proof: Callable[[date], None] | None = None) -> Moved | None:
    """Archive a month and take it out of the database; None where it is gone already.

    proof: called before anything is removed; raises where evidence that needs these readings does not hold. Raises
    IllegalState where something blocks the month, and MonthBusy where it is in use. Call within `exclusive`.
    """
    with connect() as connection:
        _require_free(connection, month_start)
    archived = [_archive(month_start, own) for own in _fingerprints(month_start).values()]
    failpoint("month_archived")
    if proof:
        proof(month_start)
    with connect() as connection, retention.between_publications(connection):
        _require_free(connection, month_start)
        readings = retention.retire(connection, month_start)
        if readings is None:
            return None
        for own in archived:
            _note(connection, "retire month", own, actor)
        failpoint("before_retire_commit")
    failpoint("after_retire_commit")
    return Moved(month_start, readings, [own.key for own in archived])


def restore(month_start: date, *, actor: str, reason: str) -> Moved | None:
    """Bring a retired month back row for row; None where it is in the database. Call within `exclusive`."""
    with connect() as connection:
        if month_start not in retention.retired_months(connection):
            return None
        books = retention.archived(connection, month_start)
    lake = Lake()
    with connect() as connection, retention.between_publications(connection):
        for own in books.values():
            with lake.local_file(own["lake_key"], own["sha256"]) as path:
                retention.copy_back(connection, archive.rows_of(path))
        failpoint("month_copied_back")
        readings = retention.restore(connection, month_start)
        if readings is None:
            return None
        _require_as_booked(retention.fingerprints(connection, month_start), books, month_start)
        for own in books.values():
            _note(connection, "restore month", _from_books(own), actor, reason)
        failpoint("before_restore_commit")
    return Moved(month_start, readings, [own["lake_key"] for own in books.values()])


def _require_free(connection: Connection, month_start: date) -> None:
    if reasons := retention_checks.blockers(connection, month_start):
        raise IllegalState(f"{month_start:%Y-%m} stays in the database: {'; '.join(reasons)}")


def _fingerprints(month_start: date) -> dict[int, dict[str, Any]]:
    with connect() as connection:
        return retention.fingerprints(connection, month_start)


def _archive(month_start: date, own: dict[str, Any]) -> Archived:
    """Export one organization's rows of a month, prove the object, and enter it into the books."""
    organization_id, lake = own["organization_id"], Lake()
    with connect() as connection:
        booked = retention.archived(connection, month_start).get(organization_id)
    if booked and booked["fingerprint"] == own["fingerprint"]:
        archived = _from_books(booked)
        _prove(lake, archived, month_start)
        return archived
    with tempfile.TemporaryDirectory(prefix="sunledger-") as folder:
        path = Path(folder) / "month.parquet"
        with retention.rows_of(organization_id, month_start, archive.SCHEMA) as batches:
            rows = archive.write(path, batches)
        with path.open("rb") as stream:
            sha256, size_bytes = sha256_of(stream)
        archived = _put(lake, path, Archived(organization_id, f"{month_start:%Y-%m}", 1, "", rows, size_bytes, sha256))
    failpoint("month_uploaded")
    _prove(lake, archived, month_start)
    archive.put_note(lake, archived)
    failpoint("month_noted")
    values = {
        "organization_id": organization_id,
        "revision": archived.revision,
        "lake_key": archived.key,
        "row_count": archived.rows,
        "size_bytes": archived.size_bytes,
        "sha256": archived.sha256,
        "fingerprint": own["fingerprint"],
    }
    with connect() as connection:
        retention.book(connection, month_start, values)
        _note(connection, "archive month", archived, "retention")
    return archived


def _put(lake: Lake, path: Path, month: Archived) -> Archived:
    """Store the object under the first revision that is free, or holds these very bytes from an earlier attempt."""
    first_day = date.fromisoformat(f"{month.month}-01")
    keys = ((revision, archive.key_of(month.organization_id, first_day, revision)) for revision in count(1))
    revision, key = next((number, key) for number, key in keys if _is_free(lake, key, month.sha256))
    try:
        lake.put(key, path, month.sha256)
    except ObjectExists as error:
        remedy = "nothing was removed; the next run tries again"
        raise ObjectCorrupt("the object arrived with other bytes", place=key, remedy=remedy) from error
    if days := settings.evidence_lock_days():
        lake.retain(key, datetime.now(UTC) + timedelta(days=days))
    return replace(month, revision=revision, key=key)


def _is_free(lake: Lake, key: str, sha256: str) -> bool:
    """Whether nothing lies under a key, or just what is to be stored there."""
    if not lake.exists(key):
        return True
    with lake.open(key) as stream:
        return sha256_of(stream)[0] == sha256


def _prove(lake: Lake, archived: Archived, month_start: date) -> None:
    """Read an object back and compare it with the database row for row."""
    with (
        lake.local_file(archived.key, archived.sha256) as path,
        retention.rows_of(archived.organization_id, month_start, archive.SCHEMA) as stored,
    ):
        rows = archive.require_same(archived.key, archive.rows_of(path), stored)
    if rows != archived.rows:
        raise ObjectCorrupt(f"{rows} rows came back of {archived.rows}", place=archived.key)


def _require_as_booked(found: dict[int, dict], books: dict[int, dict], month_start: date) -> None:
    for organization_id, own in books.items():
        if found.get(organization_id, {}).get("fingerprint") != own["fingerprint"]:
            raise ObjectCorrupt(
                f"{month_start:%Y-%m} of organization {organization_id} did not come back as it was archived",
                place=own["lake_key"],
            )


def _from_books(own: dict[str, Any]) -> Archived:
    return Archived(
        own["organization_id"],
        f"{own['month_start']:%Y-%m}",
        own["revision"],
        own["lake_key"],
        own["row_count"],
        own["size_bytes"],
        own["sha256"],
    )


def _note(connection: Connection, action: str, archived: Archived, actor: str, reason: str = "") -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=f"readings of {archived.month}",
        reason=reason,
        organization_id=archived.organization_id,
        details={"key": archived.key, "revision": archived.revision, "rows": archived.rows},
        input_hash=archived.sha256,
    )
