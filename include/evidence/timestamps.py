"""Time tokens after RFC 3161: what to ask an authority, and whether its answer holds.

A query goes to the authority by HTTP POST, a reply comes back; the post itself is somebody else's.
"""

from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from include.core.errors import SignatureRefused

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


def token(document: bytes, authority_pem: bytes, post: Callable[[bytes], bytes]) -> tuple[bytes, datetime]:
    """An authority's reply over SHA-256 of the document, and the time it states.

    Raises SignatureRefused unless the reply answers this very question and leads to the authority's certificate.
    """
    question = TimestampRequestBuilder().data(document).hash_algorithm(HashAlgorithm.SHA256).build()
    reply = post(question.as_bytes())
    try:
        response = decode_timestamp_response(reply)
        verifier = VerifierBuilder.from_request(question)
        for certificate in x509.load_pem_x509_certificates(authority_pem):
            verifier = verifier.add_root_certificate(certificate)
        verifier.build().verify_message(response, document)
    except (VerificationError, ValueError) as error:
        raise SignatureRefused(
            f"the time token does not hold: {error}", remedy="see SUNLEDGER_TSA_URL in .env.example"
        ) from error
    return reply, response.tst_info.gen_time
