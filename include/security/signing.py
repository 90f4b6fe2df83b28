"""Signatures that outlive us: Ed25519 (RFC 8032) over the exact bytes of a document, with the key's id beside it.

The private key is a PKCS #8 PEM file named by `SUNLEDGER_SIGNING_KEY_FILE`, as `openssl genpkey -algorithm ed25519`
writes it, or 32 bytes in base64 in `SUNLEDGER_SIGNING_KEY`; the file wins. Public keys are PEM (SubjectPublicKeyInfo),
which every tool reads; a key's id is `ed25519-` and the first 16 hex digits of the SHA-256 of its 32 public bytes.
What is signed says in itself what it is: callers sign canonical JSON with a `kind`.
"""

import base64
import binascii
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from include.core import settings
from include.core.errors import ConfigurationError, SignatureRefused

KEY_BYTES = 32
REMEDY = "see SUNLEDGER_SIGNING_KEY in .env.example"


class Signer:
    """Signs with one private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key_text = _public_text(key.public_key())
        self.key_id = key_id_of(self.public_key_text)

    @classmethod
    def from_environment(cls) -> "Signer":
        """The key of the file, else of the setting; raises ConfigurationError if there is none or it is damaged."""
        path = settings.signing_key_file()
        return cls(_from_pem(path) if path else _from_base64(settings.required("SUNLEDGER_SIGNING_KEY")))

    def sign(self, document: bytes) -> bytes:
        """The 64 bytes of the signature over the document."""
        return self._key.sign(document)


def verify(public_key_text: str, document: bytes, signature: bytes) -> None:
    """Raise SignatureRefused unless this key signed exactly these bytes."""
    try:
        _public(public_key_text).verify(signature, document)
    except InvalidSignature as error:
        raise SignatureRefused(f"the signature is not one of key {key_id_of(public_key_text)}") from error


def verify_as(key_id: str, document: bytes, signature: bytes) -> None:
    """Raise SignatureRefused unless the named key is trusted and signed these bytes."""
    keys = trusted_keys()
    if key_id not in keys:
        raise SignatureRefused(
            f"key {key_id!r} is not trusted here", remedy="name its public key in SUNLEDGER_TRUSTED_SIGNERS"
        )
    verify(keys[key_id], document, signature)


def trusted_keys() -> dict[str, str]:
    """Key id to public PEM of our own key, if this process has one, and of `SUNLEDGER_TRUSTED_SIGNERS`."""
    own = [Signer.from_environment().public_key_text] if settings.can_sign() else []
    others = [_public_text(_from_public_base64(text)) for text in settings.trusted_signers()]
    return {key_id_of(text): text for text in [*own, *others]}


def key_id_of(public_key_text: str) -> str:
    """The id of a public key."""
    return f"ed25519-{hashlib.sha256(_raw(_public(public_key_text))).hexdigest()[:16]}"


def public_base64(public_key_text: str) -> str:
    """A public key as `SUNLEDGER_TRUSTED_SIGNERS` lists it: its 32 bytes in base64."""
    return base64.b64encode(_raw(_public(public_key_text))).decode()


def _from_base64(text: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        # the text is a secret, and the cause would show it
        raise ConfigurationError(f"SUNLEDGER_SIGNING_KEY is not {KEY_BYTES} bytes in base64", remedy=REMEDY) from None


def _from_pem(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigurationError("the signing key cannot be read", place=str(path), remedy=REMEDY) from error
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("the file is no Ed25519 key in PEM without a password", place=str(path), remedy=REMEDY)
    return key


def _from_public_base64(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError(
            f"SUNLEDGER_TRUSTED_SIGNERS holds {text!r}, which is not {KEY_BYTES} bytes in base64"
        ) from error


def _public(text: str) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(text.encode())
    except ValueError as error:
        raise SignatureRefused("the public key is not PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureRefused("the public key is no Ed25519 key")
    return key


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _public_text(key: Ed25519PublicKey) -> str:
    pem = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, pem).decode()
