"""Land: store a delivery exactly as it came, with the request that produced it, and recognise known content.

A delivery is durable in the lake before the ledger knows it; a crash between the two leaves an object that the
next attempt finds and adopts, never a ledger row without bytes.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from include.core.controls import storable
from include.core.errors import FileRejected, ObjectExists
from include.core.failpoints import failpoint
from include.core.records import Answer, Site
from include.lake import keys
from include.lake.store import Lake, sha256_of
from include.pipeline import feeds
from include.warehouse import billing, files, loads
from include.warehouse.database import Connection, connect
from include.warehouse.loads import Delivery

# what makes two requests the same; `closed_until` stands in those whose answer holds intervals that were still open
ASKED = ("method", "path", "query", "json", "closed_until")


def land_file(
    content: Path | bytes,
    *,
    name: str,
    organization_id: int,
    source_system: str,
    uri: str | None = None,
    hints: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Land readings that a client dropped or pushed; returns the ledger row, `duplicate` when the bytes are known.

    `hints` override the stored column map of the organization and source for this file.
    """
    _require_source(source_system)
    sha256, size_bytes = _fingerprint(content)
    with connect() as connection:
        stored = files.hints(connection, organization_id, source_system)
        delivery = Delivery(
            organization_id=organization_id,
            source_system=source_system,
            feed=feeds.FILE_FEED,
            content_key=sha256,
            sha256=sha256,
            size_bytes=size_bytes,
            lake_key=_landed_key(source_system, organization_id, sha256, name),
            original_name=storable(name),
            original_uri=uri,
            hints={**stored, **(hints or {})},
        )
        known = _register_known(connection, delivery)
    return known or _land(delivery, content)


def land_billing(
    content: Path | bytes,
    *,
    name: str,
    organization_id: int,
    source_system: str,
    adapter: str,
    uri: str | None = None,
    hints: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Land billing reads, dropped or pushed; the same bytes read by another adapter are another delivery.

    `hints` override the stored column map `billing` of the organization for this delivery.
    """
    _require_source(source_system)
    feeds.require_adapter(adapter)
    sha256, size_bytes = _fingerprint(content)
    content_key = hashlib.sha256(f"{feeds.BILLING_FEED}\n{adapter}\n{sha256}".encode()).hexdigest()
    with connect() as connection:
        stored = files.hints(connection, organization_id, "billing")
        billing.ensure_periods(connection)
        delivery = Delivery(
            organization_id=organization_id,
            source_system=source_system,
            feed=feeds.BILLING_FEED,
            content_key=content_key,
            sha256=sha256,
            size_bytes=size_bytes,
            lake_key=_landed_key(source_system, organization_id, content_key, name),
            original_name=storable(name),
            original_uri=uri,
            hints={**stored, **(hints or {}), "adapter": adapter},
        )
        known = _register_known(connection, delivery)
    return known or _land(delivery, content)


def _require_source(source_system: str) -> None:
    if source_system not in keys.INBOX_SOURCES:
        known = " or ".join(keys.INBOX_SOURCES)
        raise FileRejected("F005_UNKNOWN_SOURCE", f"there is no file source {source_system!r}", remedy=f"use {known}")


def _fingerprint(content: Path | bytes) -> tuple[str, int]:
    """SHA-256 and size in bytes of a delivery."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as stream:
        return sha256_of(stream)


def land_answer(answer: Answer, site: Site) -> dict[str, Any]:
    """Land a vendor's answer; its content is known only if the same request brought the same bytes before."""
    delivery = delivery_of(answer, site)
    with connect() as connection:
        known = _register_known(connection, delivery)
    return known or _land(delivery, answer.body)


def delivery_of(answer: Answer, site: Site) -> Delivery:
    """An answer as a delivery, not landed yet."""
    sha256 = hashlib.sha256(answer.body).hexdigest()
    asked = {name: answer.request[name] for name in ASKED if name in answer.request}
    content_key = hashlib.sha256(f"{_canonical(asked)}\n{sha256}".encode()).hexdigest()
    name = f"site_{site.external_site_id}_{answer.request['path'].rsplit('/', 1)[-1]}.json"
    return Delivery(
        organization_id=site.organization_id,
        source_system=site.source_system,
        feed=feeds.feed_of(site.source_system),
        content_key=content_key,
        sha256=sha256,
        size_bytes=len(answer.body),
        lake_key=_landed_key(site.source_system, site.organization_id, content_key, name),
        original_name=name,
        integration_site_id=site.integration_site_id or None,
        request=answer.request,
        hints=asdict(site),
    )


def _register_known(connection: Connection, delivery: Delivery) -> dict[str, Any] | None:
    """Record a delivery whose content the ledger knows, which needs nothing of the lake; None when it is new."""
    known = loads.find_content(connection, delivery.organization_id, delivery.content_key)
    return loads.register(connection, delivery) if known else None


def _land(delivery: Delivery, content: Path | bytes) -> dict[str, Any]:
    """Store new content and record it; the lake may take long, so that no transaction is open meanwhile."""
    lake = Lake()
    lake.put(delivery.lake_key, content, delivery.sha256)
    _put_request(lake, delivery)
    failpoint("landed_in_lake")
    with connect() as connection:
        return loads.register(connection, delivery)


def _put_request(lake: Lake, delivery: Delivery) -> None:
    """Keep how the bytes came to us beside them, so that the lake alone is enough for a replay."""
    key = f"{delivery.lake_key}.request.json"
    if not lake.exists(key):
        origin = {
            "sha256": delivery.sha256,
            "original_name": delivery.original_name,
            "original_uri": delivery.original_uri,
            "request": delivery.request,
            "hints": delivery.hints,
        }
        with suppress(ObjectExists):  # the same bytes came in twice at once: the first to write is the one told of
            lake.put_bytes(key, _canonical(origin).encode())


def _landed_key(source_system: str, organization_id: int, content_key: str, name: str) -> str:
    return keys.landed(source_system, organization_id, datetime.now(UTC).date(), content_key, name)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
