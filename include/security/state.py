"""The `state` of an OAuth request: who asked for which organization at which vendor, signed and short-lived.

`state = base64url(payload) "." base64url(HMAC-SHA256(key, "oauth-state-v1" || 0x00 || payload))`, unpadded. The payload
is canonical JSON (RFC 8785: sorted keys, no blanks) with the version `v`, the single-use number `jti`, the
organization `org`, the user `usr`, the vendor `prv`, and `iat` and `exp` in seconds since 1970.

The keys are derived from the vault's ring: the newest signs, any verifies, so that requests under way outlive a
rotation. PKCE (RFC 7636, S256) stands here too, because both belong to the same request.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from include.core.errors import StateRefused
from include.security.vault import Vault

VERSION = 1
PREFIX = b"oauth-state-v1\x00"
PURPOSE = "sunledger oauth-state-v1"
LIFE = timedelta(minutes=10)
LONGEST_STATE = 2048  # characters; ours are below 400
REMEDY = "Begin again: ask for a new connection and finish it within 10 minutes in the same browser."
FIELDS = {"v": int, "jti": str, "org": int, "usr": str, "prv": str, "iat": int, "exp": int}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a state says; times in seconds since 1970."""

    jti: UUID
    organization_id: int
    user_name: str
    source_system: str
    issued_at_s: int
    expires_at_s: int


def claim(organization_id: int, user_name: str, source_system: str, now_s: int) -> Claims:
    """Claims of a new request with a number of its own, good for 10 minutes."""
    return Claims(uuid4(), organization_id, user_name, source_system, now_s, now_s + int(LIFE.total_seconds()))


def keys() -> list[bytes]:
    """The signing keys, derived from the vault's ring, the newest last."""
    return Vault.from_environment().derived(PURPOSE)


def sign(claims: Claims, key: bytes) -> str:
    """The state to send along with the request."""
    payload = canonical(
        {
            "v": VERSION,
            "jti": str(claims.jti),
            "org": claims.organization_id,
            "usr": claims.user_name,
            "prv": claims.source_system,
            "iat": claims.issued_at_s,
            "exp": claims.expires_at_s,
        }
    )
    return f"{_encoded(payload)}.{_encoded(signature(payload, key))}"


def verify(state: str, ring: Collection[bytes], now_s: int) -> Claims:
    """The claims of a state that one of our keys signed and that is current at `now_s`; else StateRefused.

    Whether it was used before is for the database to say.
    """
    payload = _signed_payload(state, ring)
    claims = _claims(payload)
    if claims.issued_at_s > now_s:
        raise refused("it was issued in the future")
    if claims.expires_at_s <= now_s:
        raise refused("it has expired")
    if claims.expires_at_s - claims.issued_at_s > LIFE.total_seconds():
        raise refused("it was issued for too long")
    return claims


def signature(payload: bytes, key: bytes) -> bytes:
    """HMAC-SHA256 with the prefix of this use, so that nothing signed for another use passes."""
    return hmac.digest(key, PREFIX + payload, "sha256")


def canonical(record: dict[str, Any]) -> bytes:
    """Canonical JSON of a flat record of text and whole numbers, after RFC 8785."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def refused(why: str) -> StateRefused:
    """The error for a state that is not taken."""
    return StateRefused(f"the answer does not belong to a connection that you began: {why}", remedy=REMEDY)


def new_verifier() -> str:
    """A PKCE code verifier of 256 random bits."""
    return secrets.token_urlsafe(32)


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def _signed_payload(state: str, ring: Collection[bytes]) -> bytes:
    if len(state) > LONGEST_STATE or not state.isascii() or state.count(".") != 1:
        raise refused("the state is malformed")
    encoded_payload, encoded_signature = state.split(".")
    payload, given = _decoded(encoded_payload), _decoded(encoded_signature)
    # all keys are tried, so that the time taken does not tell which one fits
    if sum(hmac.compare_digest(signature(payload, key), given) for key in ring) == 0:
        raise refused("the signature does not fit")
    return payload


def _claims(payload: bytes) -> Claims:
    try:
        record = json.loads(payload)
    except ValueError as error:
        raise refused("the payload is no JSON") from error
    if not isinstance(record, dict) or record.get("v") != VERSION:
        raise refused("the version is unknown")
    if record.keys() != FIELDS.keys() or any(type(record[name]) is not kind for name, kind in FIELDS.items()):
        raise refused("the payload is incomplete")
    try:
        jti = UUID(record["jti"])
    except ValueError as error:
        raise refused("the number is malformed") from error
    return Claims(jti, record["org"], record["usr"], record["prv"], record["iat"], record["exp"])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Decode strictly: one text for one value, so that a state cannot be written in a second way."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused("the state is malformed") from error
    if _encoded(raw) != text:
        raise refused("the state is malformed")
    return raw
