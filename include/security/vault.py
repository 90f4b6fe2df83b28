"""Credentials at rest: AES-256-GCM, `base64(IV 12 | ciphertext | tag 16)`, bound to their row.

The key id stands in a column beside the record and in the associated data, as do the organization, the credential
and the vendor, so a record copied to another row cannot be opened. Limits after NIST SP 800-38D: random 96-bit IVs,
at most 2^32 encryptions under one key. Who stores a record counts it first (`warehouse/vault_keys.py`).
"""

import base64
import binascii
import json
import os
import threading
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from include.core import settings
from include.core.errors import ConfigurationError, SecretError

VERSION = "v1"
IV_BYTES = 12
KEY_BYTES = 32
MOST_ENCRYPTIONS = 2**32  # under one key
ALARM_ENCRYPTIONS = 2**31  # the key is to be replaced now
REMEMBERED_IVS = 10_000


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


class RandomIvs:
    """Random IVs that never repeat; a source that repeats itself is broken or was copied with its machine.

    The first value is drawn twice, so that a source that stands still is found in a process that encrypts only once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: dict[bytes, None] = {}  # in order of drawing

    def draw(self) -> bytes:
        """The next IV; raises SecretError instead of giving one out again."""
        with self._lock:
            if not self._drawn:
                self._remember(os.urandom(IV_BYTES))
            iv = os.urandom(IV_BYTES)
            if iv in self._drawn:
                raise SecretError(
                    "the system's random source repeats itself; nothing was encrypted",
                    remedy="Mend the machine's random source before storing credentials on it.",
                )
            self._remember(iv)
            return iv

    def _remember(self, iv: bytes) -> None:
        self._drawn[iv] = None
        if len(self._drawn) > REMEMBERED_IVS:
            del self._drawn[next(iter(self._drawn))]


_ivs = RandomIvs()


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
        plain = json.dumps(secret, separators=(",", ":"), sort_keys=True).encode()
        key_id = self.newest_key_id
        return seal(self._ring[key_id], _ivs.draw(), plain, binding.associated_data(key_id)), key_id

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

    def derived(self, purpose: str) -> list[bytes]:
        """Keys for another purpose than encryption, one for each key of the ring, the newest last (HKDF-SHA256)."""
        return [
            HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)
            for key in self._ring.values()
        ]


def seal(key: bytes, iv: bytes, plain: bytes, associated_data: bytes | None) -> str:
    """The wire format for a given IV; callers other than tests take the IV from the system's random source."""
    return base64.b64encode(iv + AESGCM(key).encrypt(iv, plain, associated_data)).decode()
