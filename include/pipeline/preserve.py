"""Preserve: a signed pack for every default event, stored where nobody can change it, and looked at again every week.

A pack is complete only after its object was stored and read back. It is checked by the very program that it carries
before it is stored: what does not come to the event's numbers again waits, with a message, and is tried again. So it is
while the lake or the time-stamping authority is away.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from include.core import settings
from include.core.errors import EvidenceRefused, SunledgerError
from include.core.failpoints import failpoint
from include.evidence import checks, timestamps
from include.evidence.case import Case
from include.evidence.pack import Draft, draft
from include.http.octets import post
from include.lake.store import Lake
from include.pipeline.evidence_case import gather
from include.pipeline.evidence_words import evidence_of
from include.security.signing import Signer
from include.warehouse import audit, evidence, evidence_sources
from include.warehouse.database import Connection, connect

log = logging.getLogger(__name__)

PIPELINE = "pipeline"
A_DAY = timedelta(days=1)
# a little less, so that a daily run finds every pack due once in seven days
WEEK = timedelta(days=6, hours=12)


def preserve_all() -> dict[str, Any]:
    """Build and store the packs that are missing; one that cannot be built yet does not stop the others."""
    with connect() as connection:
        waiting = evidence.pending(connection)
    outcome: dict[str, Any] = {"complete": 0, "pending": 0, "messages": []}
    for row in waiting:
        try:
            outcome["complete"] += preserve(row["default_event_id"])
        except SunledgerError as error:
            outcome["pending"] += 1
            outcome["messages"].append(f"{row['default_event_id']}: {error}")
            log.warning("event %s keeps waiting for its pack: %s", row["default_event_id"], error)
    return outcome


def preserve(default_event_id: Any) -> bool:
    """Build, check and store the pack of one event; False when it was complete, or another worker is at it.

    Raises what keeps it pending, which the pack's row says as well.
    """
    with connect() as connection:
        event = evidence.event(connection, default_event_id)
        head = evidence_sources.audit_head(connection, event["organization_id"])
        pack = evidence.begin(connection, event, head)
    if pack["status"] == "complete":
        return False
    try:
        with connect() as connection:
            claimed = evidence.claim(evidence_sources.exactly(connection), default_event_id)
            if claimed is None:
                return False
            return _store(connection, evidence.event(connection, default_event_id), claimed)
    except (SunledgerError, psycopg.Error) as error:
        with connect() as connection:
            evidence.postpone(connection, pack, str(error))
        raise


def _store(connection: Connection, event: dict[str, Any], pack: dict[str, Any]) -> bool:
    lake, signer = Lake(), Signer.from_environment()
    case, drafted, found = _proven(connection, lake, event, pack, signer)
    token, stamped_at = _token(drafted)
    body = drafted.body(token)
    key = _key(event, case, checks.sha256(body))
    lake.put(key, body, checks.sha256(body))  # reads it back
    if settings.evidence_lock_days():
        lake.retain(key, datetime.now(UTC) + timedelta(days=settings.evidence_lock_days()))
    failpoint("evidence_stored")
    manifest = drafted.texts["manifest"]
    stored = {
        "lake_key": key,
        "pack_sha256": checks.sha256(body),
        "manifest_sha256": checks.sha256(drafted.manifest),
        "data_hash": manifest["data_hash"],
        "merkle_root": manifest["merkle"]["root"],
        "signing_key_id": signer.key_id,
        "timestamped_at": stamped_at,
        "size_bytes": len(body),
        "verification": found,
    }
    words = evidence_of(drafted.texts, stored, lake.uri(key))
    if not evidence.archived(connection, pack, stored, words):
        return False
    _record(connection, event, "archive evidence", stored["pack_sha256"], {"lake_key": key, "key_id": signer.key_id})
    return True


def _proven(
    connection: Connection, lake: Lake, event: dict[str, Any], pack: dict[str, Any], signer: Signer
) -> tuple[Case, Draft, list[dict[str, Any]]]:
    """The case that comes to the event's numbers; what was applied while they were computed may not be part of it."""
    failures = []
    for known_at in evidence_sources.known_instants(connection, event):
        case = gather(connection, lake, {**event, "known_at": known_at}, pack)
        drafted = draft(case, signer)
        found = checks.of_members(drafted.members(), signer.public_key_text)
        if checks.is_intact(found):
            return case, drafted, found
        failures.append(checks.first_failure(found))
    raise EvidenceRefused(
        f"the readings do not come to what the event says: {failures[0]}",
        place=f"default event {event['default_event_id']}",
        remedy="when its data changed, the next publication revises the event; a later run tries again",
    )


def _token(drafted: Draft) -> tuple[bytes | None, datetime | None]:
    url = settings.tsa_url()
    if url is None:
        return None, None

    def ask(query: bytes) -> bytes:
        return post(url, query, kind=timestamps.QUERY, reply_kind=timestamps.REPLY)

    return timestamps.token(drafted.manifest, settings.tsa_ca_file().read_bytes(), ask)


def _key(event: Mapping[str, Any], case: Case, pack_sha256: str) -> str:
    """Where a pack lies: by organization, contract and event; the hash lets a later try differ in its time token."""
    contract = case.contract["contract_id"]
    place = f"{event['organization_id']}/{contract}-{event['obligation_code']}/{event['default_event_id']}"
    return f"archive/evidence/{place}/{pack_sha256[:16]}.zip"


def verify_all(older_than: timedelta = timedelta(0)) -> dict[str, Any]:
    """Check in full every complete pack whose last check is so long ago, the longest ago first."""
    with connect() as connection:
        packs = evidence.complete(connection, older_than)
    failed = [
        row["default_event_id"] for row in packs if not verify(row["default_event_id"], actor=PIPELINE)["is_intact"]
    ]
    return {"verified": len(packs), "failed": [str(event_id) for event_id in failed]}


def verify(default_event_id: Any, *, actor: str) -> dict[str, Any]:
    """Read a stored pack and check all of it; the finding is kept. Raises when the lake does not answer."""
    with connect() as connection:
        pack = evidence.stored_pack(connection, default_event_id)
    found = checks.of_stored(Lake(), pack, settings.tsa_ca_file().read_bytes() if settings.tsa_url() else None)
    is_intact = checks.is_intact(found)
    with connect() as connection:
        evidence.verified(connection, pack, is_intact, found)
        details = {"is_intact": is_intact, "failed": checks.first_failure(found)}
        _record(connection, pack, "verify evidence", pack["pack_sha256"], details, actor)
    return {"default_event_id": str(default_event_id), "is_intact": is_intact, "checks": found}


def raise_for_failures(outcome: Mapping[str, Any]) -> None:
    """Fail when packs are not what was signed."""
    if outcome["failed"]:
        raise EvidenceRefused(
            f"{len(outcome['failed'])} of {outcome['verified']} evidence packs are not intact: "
            + ", ".join(outcome["failed"][:5]),
            remedy="`sunledger evidence verify EVENT` names what failed; restore the object from a copy",
        )


def raise_for_stuck() -> None:
    """Fail when a pack waits for longer than a day."""
    with connect() as connection:
        stuck = evidence.stuck(connection, A_DAY)
    if stuck:
        raise EvidenceRefused(
            f"{len(stuck)} evidence packs wait for longer than a day: {stuck[0]['last_error']}",
            place=f"default event {stuck[0]['default_event_id']}",
            remedy="`sunledger evidence list --status archive_pending` shows why each one waits",
        )


def _record(
    connection: Connection,
    row: Mapping[str, Any],
    action: str,
    pack_sha256: str,
    details: dict[str, Any],
    actor: str = PIPELINE,
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=f"default event {row['default_event_id']}",
        organization_id=row["organization_id"],
        details={name: value for name, value in details.items() if value is not None},
        input_hash=pack_sha256,
    )
