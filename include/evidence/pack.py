"""A pack as bytes: its files, the manifest over them, the signature over that, all in one zip file.

The same case and the same key make the same bytes, whatever the place, the day and the locale: fixed order, fixed
times, nothing compressed. The time token is the authority's, so it is no part of what is hashed.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from include.core.canonical_json import canonical, instant_text, instant_text_us
from include.evidence import documents, hashes, summary, summary_html, summary_pdf
from include.evidence.case import EVENT, Case, only
from include.evidence.offline import verify
from include.security.signing import Signer

SCRIPTS = (
    "verify.py", "verify_time.py", "verify_compare.py", "verify_terms.py", "verify_readings.py", "verify_fill.py",
    "verify_slots.py", "verify_excuses.py", "verify_days.py", "verify_period.py", "verify_result.py", "verify_money.py",
)  # fmt: skip
MERKLE_RULE = (
    "leaf = SHA-256(0x00 | line), node = SHA-256(0x01 | left | right), a node without a partner goes up as it is; "
    "lines of readings.jsonl without LF"
)
# the order of the files in a pack; the summaries are last because they are for people
ORDER = (
    "readings.jsonl", "aggregates.json", "calculation.json", "excused_events.json", "weather.json",
    "substitutions.json", "lineage.json", "contract_terms.json", "audit.jsonl", "custody.json", *SCRIPTS, "README.txt",
    "summary.html", "summary.pdf",
)  # fmt: skip


def scripts() -> dict[str, bytes]:
    """The files that check a pack without us."""
    folder = resources.files("include.evidence.offline")
    return {name: (folder / name).read_bytes() for name in (*SCRIPTS, "README.txt")}


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack that is signed, but not yet one file: the time token may come between."""

    files: Mapping[str, bytes]
    manifest: bytes
    signature: bytes
    # as they can be read again, with the manifest
    texts: Mapping[str, Any]

    def members(self, token: bytes | None = None) -> dict[str, bytes]:
        """The manifest and its seals, then the files in their order."""
        seals = {"manifest.json": self.manifest, "manifest.sig": self.signature}
        seals |= {"manifest.tsr": token} if token else {}
        return seals | {name: self.files[name] for name in ORDER}

    def body(self, token: bytes | None = None) -> bytes:
        """The pack as one file."""
        return verify.zipped(self.members(token))


def draft(case: Case, signer: Signer) -> Draft:
    """Write and sign all that belongs into a case's pack."""
    texts = documents.texts(case)
    files = documents.bodies(case, texts) | scripts()
    page = summary.of_documents(texts, sealed(case, signer))
    files |= {"summary.html": summary_html.render(page), "summary.pdf": summary_pdf.render(page, case.created_at)}
    document = manifest(case, files, signer.key_id)
    return Draft(files, document, seal(document, signer), texts | {"manifest": json.loads(document)})


def sealed(case: Case, signer: Signer) -> summary.Integrity:
    """What the page inside a pack can know of it: it is made before the signature, and checked before it is stored."""
    return summary.Integrity(
        is_intact=True,
        words=f"Sealed over {len(case.readings):,} readings; all numbers were recomputed from them",
        hash=f"data_hash {hashes.data_hash(case.readings)}",
        signer=signer.key_id,
        at=f"sealed {instant_text(case.created_at)}",
    )


def manifest(case: Case, files: Mapping[str, bytes], key_id: str) -> bytes:
    """The canonical document that names every file with its size and hash."""
    head = {"seq": case.audit[-1]["seq"], "hash": case.audit[-1]["hash"]} if case.audit else None
    return canonical(
        {
            "kind": verify.MANIFEST_KIND,
            "created_at": instant_text_us(case.created_at),
            "event": documents.plain(only(case.event, EVENT)),
            "software": dict(case.software),
            "files": [
                {"name": name, "size_bytes": len(files[name]), "sha256": verify.sha256(files[name])} for name in ORDER
            ],
            "readings": len(case.readings),
            "data_hash": hashes.data_hash(case.readings),
            "merkle": {"root": hashes.merkle_root(case.readings), "rule": MERKLE_RULE},
            "audit_head": head,
            "signing_key_id": key_id,
        }
    )


def seal(document: bytes, signer: Signer) -> bytes:
    """The signature over a document, with what is needed to check it."""
    return canonical(
        {
            "algorithm": "Ed25519",
            "key_id": signer.key_id,
            "signature": base64.b64encode(signer.sign(document)).decode(),
        }
    )


def exported(pack: bytes, signer: Signer, *, exported_at: str, custody: Sequence[Mapping[str, Any]]) -> bytes:
    """A pack to be handed out: the stored one with a signed part that says when, and who had it in hand before.

    Without `export_info.json` and `export_info.sig` it is byte for byte what is stored.
    """
    members = verify.unzip(pack)
    info = canonical(
        {
            "kind": verify.EXPORT_KIND,
            "exported_at": exported_at,
            "pack_sha256": verify.sha256(pack),
            "manifest_sha256": verify.sha256(members["manifest.json"]),
            "custody": list(custody),
        }
    )
    return verify.zipped(members | {"export_info.json": info, "export_info.sig": seal(info, signer)})
