"""A signer, and a month's pack that all tests look at and none changes."""

import base64

import pytest

from include.evidence.pack import Draft, draft
from include.security.signing import Signer
from tests.unit.evidence.cases import usual

SEED = bytes(range(32))


@pytest.fixture(scope="session")
def signer() -> Signer:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SUNLEDGER_SIGNING_KEY_FILE", raising=False)
        patch.setenv("SUNLEDGER_SIGNING_KEY", base64.b64encode(SEED).decode())
        return Signer.from_environment()


@pytest.fixture(scope="session")
def drafted(signer) -> Draft:
    return draft(usual(), signer)


@pytest.fixture(scope="session")
def body(drafted) -> bytes:
    return drafted.body()
