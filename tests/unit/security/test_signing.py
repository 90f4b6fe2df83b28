"""Signatures: the vectors of RFC 8032, keys from a setting or a file, and what other tools read."""

import base64
import shutil
import subprocess

import pytest

from include.core.errors import ConfigurationError, SignatureRefused
from include.security import signing
from include.security.signing import Signer

# RFC 8032 section 7.1, test 2
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
DOCUMENT = b"\x72"


@pytest.fixture
def signer(monkeypatch) -> Signer:
    monkeypatch.delenv("SUNLEDGER_SIGNING_KEY_FILE", raising=False)
    monkeypatch.delenv("SUNLEDGER_TRUSTED_SIGNERS", raising=False)
    monkeypatch.setenv("SUNLEDGER_SIGNING_KEY", base64.b64encode(SEED).decode())
    return Signer.from_environment()


def test_the_vector_of_the_standard(signer):
    assert signer.sign(DOCUMENT) == SIGNATURE
    assert signing.public_base64(signer.public_key_text) == base64.b64encode(PUBLIC).decode()
    signing.verify(signer.public_key_text, DOCUMENT, SIGNATURE)


@pytest.mark.parametrize(("document", "signature"), [(b"\x73", SIGNATURE), (DOCUMENT, SIGNATURE[:-1] + b"\x01")])
def test_a_changed_bit_is_refused(signer, document, signature):
    with pytest.raises(SignatureRefused):
        signing.verify_as(signer.key_id, document, signature)


def test_a_former_key_counts_while_it_is_trusted(signer, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_SIGNING_KEY", base64.b64encode(bytes(32)).decode())
    with pytest.raises(SignatureRefused, match="not trusted"):
        signing.verify_as(signer.key_id, DOCUMENT, SIGNATURE)
    monkeypatch.setenv("SUNLEDGER_TRUSTED_SIGNERS", base64.b64encode(PUBLIC).decode())
    signing.verify_as(signer.key_id, DOCUMENT, SIGNATURE)


def test_who_only_verifies_needs_no_private_key(signer, monkeypatch):
    monkeypatch.delenv("SUNLEDGER_SIGNING_KEY")
    monkeypatch.setenv("SUNLEDGER_TRUSTED_SIGNERS", base64.b64encode(PUBLIC).decode())
    signing.verify_as(signer.key_id, DOCUMENT, SIGNATURE)
    with pytest.raises(ConfigurationError, match="SUNLEDGER_SIGNING_KEY"):
        Signer.from_environment()


def test_a_damaged_key_is_named_but_not_shown(signer, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_SIGNING_KEY", "canary-4711")
    with pytest.raises(ConfigurationError, match="SUNLEDGER_SIGNING_KEY") as caught:
        Signer.from_environment()
    assert "canary-4711" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_makes_our_keys_and_checks_our_signatures(signer, monkeypatch, tmp_path):
    private, public, document, signature = (tmp_path / name for name in ("private", "public", "document", "signature"))
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    monkeypatch.setenv("SUNLEDGER_SIGNING_KEY_FILE", str(private))
    of_file = Signer.from_environment()
    assert of_file.key_id != signer.key_id, "the file wins"
    public.write_text(of_file.public_key_text)
    document.write_bytes(DOCUMENT)
    signature.write_bytes(of_file.sign(DOCUMENT))
    check = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", document]
    assert subprocess.run([*check, "-sigfile", signature], capture_output=True, check=False).returncode == 0


def test_a_file_that_holds_no_such_key_is_refused(signer, monkeypatch, tmp_path):
    monkeypatch.setenv("SUNLEDGER_SIGNING_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="none"):
        Signer.from_environment()
    (tmp_path / "none").write_text(signer.public_key_text)
    with pytest.raises(ConfigurationError, match="no Ed25519 key"):
        Signer.from_environment()
