"""Uploads that clients announced: where the file goes, until when, and which load it became."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from include.core.errors import NotFound, SunledgerError
from include.warehouse.database import Connection


class UploadExpired(SunledgerError):
    """The time to put the announced file is over."""

    code = "E611_UPLOAD_EXPIRED"


class NotAsAnnounced(SunledgerError):
    """The file is not the one that was announced."""

    code = "E615_NOT_AS_ANNOUNCED"


def expired() -> UploadExpired:
    """The error for an upload that came too late."""
    return UploadExpired("the time for this upload is over", remedy="ask for a new URL and put the file at once")


def announce(connection: Connection, upload: dict[str, Any], life: timedelta) -> dict[str, Any]:
    """Remember an announced upload; returns it with its expiry."""
    return connection.execute(
        """
        insert into ops.announced_upload (
            upload_id, organization_id, source_system, original_name, lake_key, size_bytes, sha256, announced_by,
            expires_at
        )
        values (
            %(upload_id)s, %(organization_id)s, %(source_system)s, %(original_name)s, %(lake_key)s, %(size_bytes)s,
            %(sha256)s, %(announced_by)s, now() + %(life)s
        )
        returning *, false as is_expired
        """,
        upload | {"life": life},
    ).fetchone()


def get(connection: Connection, upload_id: UUID) -> dict[str, Any]:
    """An announced upload, of the tenant where row-level security says so; `NotFound` otherwise."""
    row = connection.execute(
        "select *, expires_at <= now() as is_expired from ops.announced_upload where upload_id = %s", [upload_id]
    ).fetchone()
    if row is None:
        raise NotFound("there is no such upload", remedy="announce it first")
    return row


def complete(connection: Connection, upload_id: UUID, load_id: int) -> None:
    """Remember which load the upload became; the first one stays."""
    connection.execute(
        """
        update ops.announced_upload set load_id = %s, completed_at = now()
        where upload_id = %s and completed_at is null
        """,
        [load_id, upload_id],
    )
