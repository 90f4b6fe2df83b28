"""Time tokens: three programs agree on what holds, and on what does not."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import SignatureRefused
from include.evidence import timestamps
from include.evidence.offline import verify
from include.evidence.offline.verify_time import TokenRefused, verify_token
from tests.unit.evidence.authority import Authority

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module", params=["ec", "rsa"])
def authority(request, tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"), request.param)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def token(authority, drafted) -> bytes:
    return timestamps.token(drafted.manifest, authority.ca.read_bytes(), authority.reply)[0]


def test_a_token_holds_for_its_document_only(authority, token, drafted):
    at = verify_token(token, drafted.manifest, authority.ca.read_bytes())
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=10)
    assert authority.holds(drafted.manifest, token)
    changed = drafted.manifest.replace(b"evidence", b"Evidence")
    assert not authority.holds(changed, token)
    with pytest.raises(TokenRefused, match="another document"):
        verify_token(token, changed, authority.ca.read_bytes())


def test_a_token_of_another_authority_is_refused(stranger, token, drafted):
    assert not stranger.holds(drafted.manifest, token)
    with pytest.raises(TokenRefused, match="does not lead to the trusted one"):
        verify_token(token, drafted.manifest, stranger.ca.read_bytes())
    with pytest.raises(SignatureRefused):
        timestamps.token(drafted.manifest, stranger.ca.read_bytes(), lambda query: token)


def test_a_reply_to_an_older_question_is_refused(authority, token, drafted):
    with pytest.raises(SignatureRefused):
        timestamps.token(drafted.manifest, authority.ca.read_bytes(), lambda query: token)


def test_a_certificate_for_something_else_is_refused(tmp_path, drafted):
    """OpenSSL refuses to sign with such a certificate, so it comes in afterwards."""
    authority = Authority(tmp_path)
    reply = timestamps.token(drafted.manifest, authority.ca.read_bytes(), authority.reply)[0]
    web = Authority(tmp_path / "web", usage="web")
    with pytest.raises(TokenRefused):
        verify_token(reply, drafted.manifest, web.ca.read_bytes())


def test_no_flipped_bit_of_a_token_is_taken_for_good(authority, token, drafted):
    """Either it is refused, or, in bytes that say nothing of the document, the same time is told."""
    ca, at = authority.ca.read_bytes(), verify_token(token, drafted.manifest, authority.ca.read_bytes())
    refused = 0
    for place in range(0, len(token), 7):
        changed = bytearray(token)
        changed[place] ^= 1 << place % 8
        try:
            assert verify_token(bytes(changed), drafted.manifest, ca) == at
        except TokenRefused:
            refused += 1
    assert refused > len(token) / 7 / 3


def test_a_certificate_of_no_known_version_is_refused_in_words(authority, token, drafted):
    version = b"\xa0\x03\x02\x01\x02"
    assert version in token
    with pytest.raises(TokenRefused, match="cannot be read"):
        verify_token(token.replace(version, version[:-1] + b"\x42", 1), drafted.manifest, authority.ca.read_bytes())


def test_a_pack_with_a_token_is_checked_with_it(authority, token, drafted, signer):
    key, ca = verify.public_key(signer.public_key_text), authority.ca.read_bytes()
    checks = {name: holds for name, holds, _ in verify.verify(drafted.members(token), key, ca)}
    assert checks["time token"] is True and False not in checks.values()
    without = {name: holds for name, holds, _ in verify.verify(drafted.members(), key, ca)}
    assert without["time token"] is False
    assert verify.unzip(drafted.body(token))["manifest.tsr"] == token
