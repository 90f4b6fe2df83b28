"""Evidence handed out: a pack, or its page. Each time it is an audit entry that names who asked."""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from include.core.canonical_json import instant_text
from include.core.errors import EvidenceRefused
from include.evidence import summary, summary_html, summary_pdf
from include.evidence.documents import plain
from include.evidence.offline import verify
from include.evidence.pack import exported
from include.lake.store import Lake
from include.security.signing import Signer
from include.warehouse import audit, evidence, evidence_sources
from include.warehouse.database import connect

Kind = Literal["html", "pdf"]
PAGE_NEEDS = (
    "manifest", "contract_terms", "calculation", "aggregates", "excused_events", "substitutions",
)  # fmt: skip


def export(default_event_id: Any, *, actor: str) -> tuple[str, bytes]:
    """The pack of an event with a signed part that says when, and who had it in hand before; and a name for the file.

    Raises EvidenceRefused rather than hand out a pack that is not the one that was stored.
    """
    with connect() as connection:
        row = evidence.stored_pack(connection, default_event_id)
    body = Lake().read(row["lake_key"])
    if verify.sha256(body) != row["pack_sha256"]:
        raise EvidenceRefused(
            "the stored pack was changed", place=row["lake_key"], remedy="restore the object from a copy"
        )
    # the deed is told before it is done, so that the pack itself can name it
    _note(row, "export evidence", actor, row["pack_sha256"])
    with connect() as connection:
        entries = evidence_sources.custody(connection, row)
    at = instant_text(datetime.now(UTC).replace(microsecond=0))
    out = exported(body, Signer.from_environment(), exported_at=at, custody=plain(entries))
    return f"evidence_{default_event_id}.zip", out


def page(default_event_id: Any, kind: Kind, *, actor: str) -> bytes:
    """The summary of an event with what is known of its pack at this moment, as HTML or PDF."""
    with connect() as connection:
        row = evidence.stored_pack(connection, default_event_id)
        event = evidence.event(connection, default_event_id)
        names = evidence.named(connection, event)
    body = Lake().read(row["lake_key"])
    _note(row, "view evidence", actor, verify.sha256(body))
    lines = [f"{names['organization']}, {names['plant']}: {names['contract']}"]
    made = summary.of_documents(_documents(body), integrity(row, verify.sha256(body)), lines)
    return summary_html.render(made) if kind == "html" else summary_pdf.render(made, row["built_at"])


def integrity(row: Mapping[str, Any], pack_sha256: str) -> summary.Integrity:
    """What is known of a pack: the last full verification, and whether its bytes are still the stored ones."""
    is_same = pack_sha256 == row["pack_sha256"]
    failed = [check["check"] for check in row["verification"] or [] if check["holds"] is False]
    if is_same and row["is_intact"]:
        words = f"Intact: signature, hashes and numbers verified {_at(row['verified_at'])}"
    else:
        reason = ", ".join(failed) if is_same else "the stored bytes are not those that were sealed"
        words = f"NOT INTACT: {reason}"
    stamped = f", time token {_at(row['timestamped_at'])}" if row["timestamped_at"] else ""
    return summary.Integrity(
        is_intact=is_same and bool(row["is_intact"]),
        words=words,
        hash=f"data_hash {row['data_hash']}",
        signer=row["signing_key_id"],
        at=f"sealed {_at(row['built_at'])}{stamped}",
    )


def _documents(body: bytes) -> dict[str, Any]:
    """The documents that the page needs; of a damaged file those that can still be read."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in PAGE_NEEDS:
                found[name] = json.loads(archive.read(f"{name}.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, NotImplementedError, RuntimeError) as error:
        raise EvidenceRefused(
            "the stored pack is too damaged to be shown", remedy="restore the object from a copy"
        ) from error
    return found


def _note(row: Mapping[str, Any], action: str, actor: str, pack_sha256: str) -> None:
    with connect() as connection:
        audit.record(
            connection,
            actor=actor,
            action=action,
            subject=f"default event {row['default_event_id']}",
            organization_id=row["organization_id"],
            input_hash=pack_sha256,
        )


def _at(instant: datetime | None) -> str:
    return "never" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
