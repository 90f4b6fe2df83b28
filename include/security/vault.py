"""Credentials at rest: AES-256-GCM, `base64(IV 12 | ciphertext | tag 16)`, bound to their row.

The key id stands in a column beside the record and in the associated data, as do the organization, the credential
and the vendor, so a record copied to another row cannot be opened. Limits after NIST SP 800-38D: random 96-bit IVs,
at most 2^32 encryptions under one key.
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from include.core import settings
from include.core.errors import ConfigurationError, SecretError

VERSION = "v1"
IV_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Binding:
    """The row that a record belongs to."""

    organization_id: int
    credential_id: int
    source_system: str

    def associated_data(self, key_id: str) -> bytes:
        """The text that ties a record to its row, its key and this format version."""
        row = f"org={self.organization_id}|cred={self.credential_id}|{self.source_system}"
        return f"{VERSION}|{key_id}|{row}".encode()


class Vault:
    """Encrypts with the newest key of the ring, decrypts with the one that the record names."""

    def __init__(self, ring: dict[str, bytes]) -> None:
        if not ring or any(len(key) != KEY_BYTES for key in ring.values()):
            raise ConfigurationError(
                "the vault needs keys of 32 bytes", remedy="see SUNLEDGER_VAULT_KEYS in .env.example"
            )
        self._ring = ring
        self.newest_key_id = list(ring)[-1]

    @classmethod
    def from_environment(cls) -> "Vault":
        """The ring of `SUNLEDGER_VAULT_KEYS`: a JSON object of key id to base64 key, the newest last."""
        try:
            ring = json.loads(settings.required("SUNLEDGER_VAULT_KEYS"))
            return cls({key_id: base64.b64decode(key, validate=True) for key_id, key in ring.items()})
        except (json.JSONDecodeError, binascii.Error, AttributeError, TypeError) as error:
            raise ConfigurationError("SUNLEDGER_VAULT_KEYS is no JSON object of base64 keys") from error

    def encrypt(self, secret: dict, binding: Binding) -> tuple[str, str]:
        """Encrypt a credential; returns the record and the id of the key used."""
        iv = os.urandom(IV_BYTES)
        plain = json.dumps(secret, separators=(",", ":"), sort_keys=True).encode()
        key_id = self.newest_key_id
        return seal(self._ring[key_id], iv, plain, binding.associated_data(key_id)), key_id

    def decrypt(self, record: str, key_id: str, binding: Binding) -> dict:
        """Decrypt a credential; a wrong key or a record of another row is a `SecretError`, never a fallback."""
        key = self._ring.get(key_id)
        place = f"credential {binding.credential_id}"
        if key is None:
            raise SecretError(
                f"the key ring has no key {key_id!r}", place=place, remedy="add the key it was written with"
            )
        try:
            raw = base64.b64decode(record, validate=True)
            plain = AESGCM(key).decrypt(raw[:IV_BYTES], raw[IV_BYTES:], binding.associated_data(key_id))
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SecretError(
                "the record does not open: wrong key, changed bytes, or copied from another row", place=place
            ) from error
        return json.loads(plain)


def seal(key: bytes, iv: bytes, plain: bytes, associated_data: bytes | None) -> str:
    """The wire format for a given IV; callers other than tests take the IV from the system's random source."""
    return base64.b64encode(iv + AESGCM(key).encrypt(iv, plain, associated_data)).decode()
