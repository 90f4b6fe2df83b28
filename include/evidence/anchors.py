"""Anchors: signed heads of audit chains in the lake, where who administers the database cannot rewrite them.

    archive/anchors/{organization_id}/{seq, 12 digits}-{first 16 digits of entry_hash}.json

holds canonical JSON: the `anchor` (kind, organization, seq, hash and time of the entry, time of anchoring), the id of
the key, and the Ed25519 signature over the canonical JSON of `anchor`. A chain whose tail was cut ends before an
anchor; one that was written anew has another hash at an anchor's place.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.core import settings
from include.core.canonical_json import canonical, instant_text_us
from include.core.errors import SignatureRefused
from include.lake.store import Lake
from include.security import signing

KIND = "audit-anchor-v1"
FOLDER = "archive/anchors"
_KEY = re.compile(rf"{FOLDER}/(?P<organization_id>\d+)/(?P<seq>\d{{12}})-(?P<hash>[0-9a-f]{{16}})\.json")


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an anchor vouches for: at `anchored_at` the entry `seq` of a chain had this hash."""

    organization_id: int
    seq: int
    entry_hash: str
    anchored_at: str
    key: str
    signing_key_id: str


def write(lake: Lake, head: Mapping[str, Any], signer: signing.Signer, now: datetime) -> str | None:
    """Anchor the head of a chain; returns the new object's key, or None where this head is anchored already.

    head: organization_id, seq, entry_hash and occurred_at of the newest entry
    """
    key = f"{FOLDER}/{head['organization_id']}/{head['seq']:012d}-{head['entry_hash'][:16]}.json"
    if lake.exists(key):
        return None
    anchor = {
        "kind": KIND,
        "organization_id": head["organization_id"],
        "seq": head["seq"],
        "entry_hash": head["entry_hash"],
        "occurred_at": instant_text_us(head["occurred_at"]),
        "anchored_at": instant_text_us(now),
    }
    signature = base64.b64encode(signer.sign(canonical(anchor))).decode()
    lake.put_bytes(key, canonical({"anchor": anchor, "signing_key_id": signer.key_id, "signature": signature}))
    if days := settings.evidence_lock_days():
        lake.retain(key, now + timedelta(days=days))
    return key


def organizations(lake: Lake) -> list[int]:
    """Whose chains have anchors."""
    found = (_KEY.fullmatch(listed.key) for listed in lake.list(FOLDER))
    return sorted({int(match["organization_id"]) for match in found if match})


def read(lake: Lake, organization_id: int) -> tuple[list[Anchor], list[str]]:
    """The anchors of a chain in its order, and why other objects in their place count for nothing."""
    found: list[Anchor] = []
    refused: list[str] = []
    for listed in lake.list(f"{FOLDER}/{organization_id}/"):
        try:
            found.append(_opened(listed.key, lake.read(listed.key), organization_id))
        except SignatureRefused as error:
            refused.append(str(error))
    return found, refused


def _opened(key: str, body: bytes, organization_id: int) -> Anchor:
    match = _KEY.fullmatch(key)
    try:
        document = json.loads(body)
        anchor, signature = document["anchor"], base64.b64decode(document["signature"], validate=True)
        signing.verify_as(document["signing_key_id"], canonical(anchor), signature)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise SignatureRefused("the object is no anchor", place=key) from error
    except SignatureRefused as error:
        raise SignatureRefused(error.message, place=key, remedy=error.remedy) from error
    named = (match and int(match["organization_id"]), match and int(match["seq"]), match and match["hash"])
    if named != (organization_id, anchor["seq"], anchor["entry_hash"][:16]) or anchor["kind"] != KIND:
        raise SignatureRefused("the anchor was moved: it vouches for another entry", place=key)
    if anchor["organization_id"] != organization_id:
        raise SignatureRefused("the anchor was moved: it is another organization's", place=key)
    return Anchor(
        organization_id=organization_id,
        seq=anchor["seq"],
        entry_hash=anchor["entry_hash"],
        anchored_at=anchor["anchored_at"],
        key=key,
        signing_key_id=document["signing_key_id"],
    )
