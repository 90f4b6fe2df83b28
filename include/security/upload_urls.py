"""Signatures of upload addresses that we hand out where the lake cannot sign its own.

`signature = base64url(HMAC-SHA256(key, "upload-url-v1" || 0x00 || payload))`, unpadded; the payload is canonical JSON
with the upload's id and `exp` in seconds since 1970. The keys are derived from the vault's ring: the newest signs, any
verifies.
"""

import base64
import hmac
from uuid import UUID

from include.security.state import canonical
from include.security.vault import Vault

PURPOSE = "sunledger upload-url-v1"
PREFIX = b"upload-url-v1\x00"


def sign(upload_id: UUID, expires_at_s: int) -> str:
    """The signature that opens one upload until `expires_at_s`."""
    return _signature(upload_id, expires_at_s, Vault.from_environment().derived(PURPOSE)[-1])


def is_signed(upload_id: UUID, expires_at_s: int, signature: str) -> bool:
    """Whether one of our keys made this signature; compared in constant time."""
    keys = Vault.from_environment().derived(PURPOSE)
    given = signature.encode("utf-8", "replace")
    return any(hmac.compare_digest(_signature(upload_id, expires_at_s, key).encode(), given) for key in keys)


def _signature(upload_id: UUID, expires_at_s: int, key: bytes) -> str:
    payload = canonical({"v": 1, "upload": str(upload_id), "exp": expires_at_s})
    return base64.urlsafe_b64encode(hmac.digest(key, PREFIX + payload, "sha256")).rstrip(b"=").decode()
