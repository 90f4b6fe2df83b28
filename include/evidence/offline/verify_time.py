"""Checks an RFC 3161 time token with nothing but the standard library and `cryptography`.

A token is a CMS SignedData (RFC 5652) around a TSTInfo. It holds when the TSTInfo names the hash of our document, when
the token's signed attributes name the hash of the TSTInfo, when the authority's certificate signed those attributes,
and when that certificate leads to the trusted one and was valid, for time stamping, at the time it states.
`openssl ts -verify -data manifest.json -in manifest.tsr -CAfile CA.pem` asks the same.
"""

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

SEQUENCE, SET, INTEGER, OCTETS, OBJECT, TIME, TAGGED = 0x30, 0x31, 0x02, 0x04, 0x06, 0x18, 0xA0
OBJECTS = {
    "2b0e03021a": "sha1",
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
    "2a864886f70d01010b": "sha256",  # with RSA
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a8648ce3d040302": "sha256",  # with ECDSA
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
}
SIGNED_DATA, TST_INFO = "2a864886f70d010702", "2a864886f70d0109100104"
CONTENT_TYPE, MESSAGE_DIGEST = "2a864886f70d010903", "2a864886f70d010904"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "2a864886f70d010910020c", "2a864886f70d010910022f"
HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
# what the parsers of DER and of certificates raise on bytes that are none
UNREADABLE = (
    ValueError, LookupError, TypeError, StopIteration, UnsupportedAlgorithm, x509.InvalidVersion,
    x509.DuplicateExtension, x509.ExtensionNotFound, x509.UnsupportedGeneralNameType,
)  # fmt: skip
TIME_STAMPING = x509.oid.ExtendedKeyUsageOID.TIME_STAMPING


class TokenRefused(Exception):
    """Why a time token does not hold."""


class Der:
    """One DER value: its tag, its content, and the bytes of both."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        if len(data) < at + 2:
            raise TokenRefused("the token is cut off")
        self.tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            width = length & 0x7F
            length, start = int.from_bytes(data[start : start + width], "big"), start + width
        self.end = start + length
        self.content, self.whole = data[start : self.end], data[at : self.end]
        if len(self.content) != length:
            raise TokenRefused("the token is cut off")

    def parts(self) -> list["Der"]:
        """The values inside."""
        found, at = [], 0
        while at < len(self.content):
            found.append(Der(self.content, at))
            at = found[-1].end
        return found

    def need(self, tag: int) -> "Der":
        """This value if it has the tag."""
        if self.tag != tag:
            raise TokenRefused(f"the token holds {self.tag:#x} where {tag:#x} belongs")
        return self


def verify_token(response: bytes, document: bytes, trusted_pem: bytes) -> datetime:
    """The time at which the document existed, says the authority; raises TokenRefused unless all of it holds."""
    try:
        return _verify(response, document, x509.load_pem_x509_certificates(trusted_pem))
    except UNREADABLE as error:
        raise TokenRefused(f"the token or the certificate cannot be read: {error}") from error


def _verify(response: bytes, document: bytes, trusted: list[x509.Certificate]) -> datetime:
    parts = Der(response).need(SEQUENCE).parts()
    if len(parts) < 2 or int.from_bytes(parts[0].parts()[0].need(INTEGER).content, "big") > 1:
        raise TokenRefused("the authority granted no token")
    content = parts[1].parts()
    if content[0].content.hex() != SIGNED_DATA:
        raise TokenRefused("the token is no signed data")
    signed = content[1].parts()[0].parts()
    info_type, info = signed[2].parts()
    if info_type.content.hex() != TST_INFO:
        raise TokenRefused("the token is no time-stamp token")
    info = info.parts()[0].need(OCTETS).content
    at = _stated(info, document)
    signers = signed[-1].need(SET).parts()
    if len(signers) != 1:
        raise TokenRefused("the token has not exactly one signer")
    certificates = load_der_pkcs7_certificates(parts[1].whole) + trusted
    signer = _signer(signers[0].parts(), info, certificates)
    _lead_to(signer, trusted, certificates, at)
    return at


def _stated(info: bytes, document: bytes) -> datetime:
    """The time that the TSTInfo states for our document."""
    _, _, imprint, _, at, *_ = Der(info).parts()
    algorithm, digest = imprint.parts()
    if hashlib.new(_hash_name(algorithm), document).digest() != digest.content:
        raise TokenRefused("the token is for another document")
    return _time(at.need(TIME).content.decode("ascii"))


def _time(text: str) -> datetime:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    at = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return at.replace(microsecond=int(fraction[:6].ljust(6, "0")))


def _signer(parts: list[Der], info: bytes, certificates: list[x509.Certificate]) -> x509.Certificate:
    """The certificate whose key signed the token's attributes."""
    _, name, digest_algorithm, attributes, algorithm, signature = parts[:6]
    found = {}
    for attribute in attributes.need(TAGGED).parts():
        kind, values = attribute.parts()
        found[kind.content.hex()] = values.parts()[0]
    digest_name = _hash_name(digest_algorithm)
    if found[CONTENT_TYPE].content.hex() != TST_INFO:
        raise TokenRefused("the signature is over something else")
    if found[MESSAGE_DIGEST].content != hashlib.new(digest_name, info).digest():
        raise TokenRefused("the token's content was changed")
    # what is signed is the set of attributes, by its own tag
    signed = bytes([SET]) + attributes.whole[1:]
    hash_name = OBJECTS.get(algorithm.parts()[0].content.hex(), digest_name)
    for certificate in certificates:
        if _is_named(certificate, name) and _is_sealed(certificate, found):
            _check(certificate.public_key(), signature.need(OCTETS).content, signed, hash_name)
            return certificate
    raise TokenRefused("the signer's certificate is not at hand")


def _is_named(certificate: x509.Certificate, name: Der) -> bool:
    issuer, serial = name.need(SEQUENCE).parts()
    is_issuer = certificate.issuer.public_bytes() == issuer.whole
    return is_issuer and certificate.serial_number == int.from_bytes(serial.content, "big", signed=True)


def _is_sealed(certificate: x509.Certificate, attributes: dict[str, Der]) -> bool:
    """Whether the signed attributes name this very certificate by its hash (RFC 5816)."""
    if SIGNING_CERTIFICATE_V2 in attributes:
        first = attributes[SIGNING_CERTIFICATE_V2].parts()[0].parts()[0].parts()
        name = _hash_name(first[0]) if first[0].tag == SEQUENCE else "sha256"
        stated = next(part for part in first if part.tag == OCTETS)
    elif SIGNING_CERTIFICATE in attributes:
        name, stated = "sha1", attributes[SIGNING_CERTIFICATE].parts()[0].parts()[0].parts()[0]
    else:
        return False
    return hashlib.new(name, certificate.public_bytes(Encoding.DER)).digest() == stated.content


def _check(key: object, signature: bytes, signed: bytes, hash_name: str) -> None:
    algorithm = HASHES[hash_name]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            raise TokenRefused("the authority signs with a kind of key that is not known here")
    except InvalidSignature as error:
        raise TokenRefused("the authority's signature does not hold") from error


def _lead_to(
    signer: x509.Certificate, trusted: list[x509.Certificate], known: list[x509.Certificate], at: datetime
) -> None:
    """Walk from the signer up to a trusted certificate; each must have been valid at that time."""
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if list(usage.value) != [TIME_STAMPING]:
        raise TokenRefused("the signer's certificate is not for time stamping")
    here = signer
    for _ in range(8):
        if not here.not_valid_before_utc <= at <= here.not_valid_after_utc:
            raise TokenRefused("a certificate was not valid at that time")
        if here in trusted:
            return
        here = next((issuer for issuer in trusted + known if _issued(issuer, here)), None)
        if here is None:
            break
    raise TokenRefused("the signer's certificate does not lead to the trusted one")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def _hash_name(algorithm: Der) -> str:
    object_id = algorithm.parts()[0].content.hex()
    if object_id not in OBJECTS:
        raise TokenRefused(f"the hash {object_id} is not known here")
    return OBJECTS[object_id]
