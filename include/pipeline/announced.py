"""Uploads past the API: a client announces a file, puts it under an inbox key, and may say when it is done.

On `s3://` the client puts it into the store itself with a signed URL; on `file://` through a URL of ours. An object
that nobody completes is picked up like any other of the inbox.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID, uuid4

from include.core import settings
from include.core.errors import IllegalState
from include.lake import keys
from include.lake.store import Lake
from include.pipeline import inbox
from include.security import upload_urls
from include.warehouse import announced, files, loads
from include.warehouse.database import connect

LIFE = timedelta(minutes=15)
CONTENT_URL = "{public_url}/api/ingest/uploads/{upload_id}/content?expires={expires}&signature={signature}"
# each holds a connection while it lands an object through another
_landing = BoundedSemaphore(8)


@dataclass(frozen=True, slots=True)
class Announced:
    """An upload that may begin: the request with which the client puts the file."""

    upload: dict[str, Any]
    url: str
    headers: dict[str, str]


def announce(
    organization_id: int,
    source_system: str,
    name: str,
    *,
    actor: str,
    content_type: str | None = None,
    size_bytes: int | None = None,
    sha256: str | None = None,
) -> Announced:
    """Reserve an inbox key for a client's file and say how to put it there; what is promised of the file must hold."""
    upload_id = uuid4()
    key = keys.RawKey(source_system, organization_id, datetime.now(UTC).date(), f"{upload_id}_{keys.safe_name(name)}")
    wanted = {
        "upload_id": upload_id,
        "organization_id": organization_id,
        "source_system": source_system,
        "original_name": name,
        "lake_key": keys.check(str(key)),
        "size_bytes": size_bytes,
        "sha256": sha256,
        "announced_by": actor,
    }
    with connect() as connection:
        upload = announced.announce(connection, wanted, LIFE)
    lake = Lake()
    if lake.scheme == "s3":
        life_s = int(LIFE.total_seconds())
        url, headers = lake.presigned_put(
            str(key), life_s, content_type=content_type, size_bytes=size_bytes, sha256=sha256
        )
        return Announced(upload, url, headers)
    return Announced(upload, _own_url(upload), {"Content-Type": content_type} if content_type else {})


def put(upload_id: UUID, content: Path, sha256: str, size_bytes: int) -> None:
    """Store what came under a URL of ours; it must be what was promised, and the first to come stays."""
    with connect() as connection:
        upload = announced.get(connection, upload_id)
    if upload["is_expired"]:
        raise announced.expired()
    if upload["size_bytes"] not in {None, size_bytes} or (upload["sha256"] or sha256) != sha256:
        raise announced.NotAsAnnounced(
            "the file has another size or SHA-256 than was announced", remedy="send the whole file, unchanged"
        )
    Lake().put(upload["lake_key"], content, sha256)


def land(upload: dict[str, Any]) -> dict[str, Any]:
    """Land the object of an announced upload now, or find what the watcher made of it; returns the ledger row."""
    dropped = inbox.in_lake(upload["lake_key"])
    if dropped is None:
        if upload["is_expired"]:
            raise announced.expired()
        raise IllegalState("there is no file under the announced URL yet", remedy="put it there, then complete")
    uri = f"api-upload://{upload['organization_id']}/announced/{upload['upload_id']}"
    with _landing:
        inbox.take_in(dropped, name=upload["original_name"], uri=uri)
    with connect() as connection:
        taken = files.taken_as(connection, dropped.uri, dropped.version)
        if taken is None:
            raise IllegalState("the file is being taken in, or was replaced meanwhile", remedy="ask again")
        if taken["load_id"] is None:
            raise IllegalState(f"the file cannot be taken in: {taken['message']}")
        announced.complete(connection, upload["upload_id"], taken["load_id"])
        load = loads.get(connection, taken["load_id"])
        original = loads.get(connection, load["duplicate_of"]) if load["status"] == "duplicate" else load
    # a server that died after landing left an original that came by this very upload
    return original if original["original_uri"] == uri else load


def _own_url(upload: dict[str, Any]) -> str:
    expires = int(upload["expires_at"].timestamp())
    return CONTENT_URL.format(
        public_url=settings.public_url(),
        upload_id=upload["upload_id"],
        expires=expires,
        signature=upload_urls.sign(upload["upload_id"], expires),
    )
