"""The audit chain as a whole: anchored every day, verified on demand, exported for others to verify."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from include.core.audit_chain import Fault, Verifier
from include.core.canonical_json import canonical, instant_text_us
from include.evidence import anchors
from include.lake.store import Lake
from include.security import signing
from include.security.signing import Signer
from include.warehouse import audit
from include.warehouse.database import connect


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification found of one chain; `fault` is its first one.

    entries:          how many are sound, from the first on
    anchored_seq:     the newest entry that an anchor vouches for, 0 for none
    unanchored_since: when the first entry after it was written, null where there is none
    refused_anchors:  why objects in the place of anchors count for nothing
    """

    organization_id: int
    entries: int
    head_hash: str
    anchored_seq: int
    unanchored_since: datetime | None
    fault: Fault | None
    refused_anchors: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return self.fault is None and not self.refused_anchors


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of our signing key, in the forms in which others ask for it."""

    key_id: str
    base64: str
    pem: str


def public_key() -> PublicKey:
    """The public half of the key that signs anchors and evidence."""
    pem = Signer.from_environment().public_key_text
    return PublicKey(signing.key_id_of(pem), signing.public_base64(pem), pem)


def anchor() -> list[str]:
    """Sign the head of every chain into the lake; returns the new objects' keys. Again on the same heads: none."""
    with connect() as connection:
        heads = audit.heads(connection)
    lake, signer, now = Lake(), Signer.from_environment(), datetime.now(UTC)
    return [key for head in heads if (key := anchors.write(lake, head, signer, now))]


def verify(organization_id: int | None = None, *, with_anchors: bool = False) -> Iterator[Verified]:
    """Recompute every entry of all chains, or of one, and compare them with their anchors when asked."""
    lake = Lake() if with_anchors else None
    with connect() as connection:
        chains = set(audit.organizations(connection)) if organization_id is None else {organization_id}
        if lake and organization_id is None:
            chains |= set(anchors.organizations(lake))
        for chain in sorted(chains):
            anchored, refused = anchors.read(lake, chain) if lake else ([], [])
            yield replace(_verified(chain, audit.entries(connection, chain), anchored), refused_anchors=tuple(refused))


def _verified(organization_id: int, entries: Iterable[dict[str, Any]], anchored: list[anchors.Anchor]) -> Verified:
    verifier = Verifier(organization_id)
    # where a chain was written anew and anchored again, two anchors of one entry contradict each other
    by_seq: dict[int, list[anchors.Anchor]] = {}
    for anchor in anchored:
        by_seq.setdefault(anchor.seq, []).append(anchor)
    trusted, since, fault = 0, None, None
    for entry in entries:
        fault = verifier.fault_of(entry)
        others = [anchor for anchor in by_seq.get(entry["seq"], ()) if anchor.entry_hash != entry["entry_hash"]]
        if fault is None and others:
            fault = _rewritten(others[0], trusted)
        if fault:
            break
        if entry["seq"] in by_seq:
            trusted, since = entry["seq"], None
        else:
            since = since or entry["occurred_at"]
    missing = next((anchor for anchor in anchored if anchor.seq > verifier.head.seq), None)
    if fault is None and missing:
        fault = Fault(
            organization_id,
            verifier.head.seq + 1,
            "seq",
            f"is gone: entry {missing.seq} was there at {missing.anchored_at} ({missing.key})",
        )
    return Verified(organization_id, verifier.head.seq, verifier.head.entry_hash, trusted, since, fault)


def _rewritten(vouched: anchors.Anchor, trusted: int) -> Fault:
    return Fault(
        vouched.organization_id,
        trusted + 1,
        "entry_hash",
        f"was written anew between here and {vouched.seq}, which at {vouched.anchored_at} had another hash "
        f"({vouched.key})",
    )


def export(organization_id: int, path: Path, *, actor: str) -> int:
    """Write a chain as canonical JSON lines that anybody can verify; returns their number. The export is an entry."""
    with connect() as connection, path.open("wb") as stream:
        audit.record(
            connection,
            actor=actor,
            action="export audit",
            subject=f"organization {organization_id}",
            organization_id=organization_id,
        )
        connection.commit()
        lines = 0
        for entry in audit.entries(connection, organization_id):
            stream.write(canonical({**entry, "occurred_at": instant_text_us(entry["occurred_at"])}) + b"\n")
            lines += 1
    return lines
