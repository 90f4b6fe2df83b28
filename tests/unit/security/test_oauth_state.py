"""The OAuth state: golden vector, and nothing forged, expired or altered is taken."""

import base64
import hmac
import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import StateRefused
from include.security import state
from include.security.vault import Vault

KEY, OTHER = bytes(range(32)), bytes(range(32))[::-1]
NOW = 1780308000
VECTOR = (
    b'{"exp":1780308600,"iat":1780308000,"jti":"00000000-0000-4000-8000-000000000001","org":1,"prv":"enphase","v":1}'
)
CLAIMS = state.Claims(UUID("00000000-0000-4000-8000-000000000001"), 1, "admin", "enphase", NOW, NOW + 600)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def payload_of(text: str) -> dict:
    return json.loads(decoded(text.split(".")[0]))


def with_payload(text: str, **changes) -> str:
    """The same signature over another payload."""
    payload = state.canonical(payload_of(text) | changes)
    return f"{encoded(payload)}.{text.split('.')[1]}"


def signed(record: object, key: bytes = KEY) -> str:
    payload = record if isinstance(record, bytes) else state.canonical(record)
    return f"{encoded(payload)}.{encoded(state.signature(payload, key))}"


def test_golden_vector():
    assert state.canonical(json.loads(VECTOR)) == VECTOR
    assert encoded(state.signature(VECTOR, KEY)) == "04-KpwbmkxyefO0n5_9oTizp4k7Nsh6ih5aAOt3V9bI"


def test_what_was_signed_is_verified_and_the_payload_is_canonical():
    text = state.sign(CLAIMS, KEY)
    assert state.verify(text, [KEY], NOW) == CLAIMS
    assert "=" not in text
    assert decoded(text.split(".")[0]).startswith(b'{"exp":1780308600,"iat":1780308000,"jti":')
    assert payload_of(text).keys() == {"v", "jti", "org", "usr", "prv", "iat", "exp"}


def test_a_request_lives_ten_minutes_and_has_a_number_of_its_own():
    first, second = (state.claim(1, "admin", "enphase", NOW) for _ in range(2))
    assert first.expires_at_s - first.issued_at_s == 600 and first.jti != second.jti
    text = state.sign(first, KEY)
    assert state.verify(text, [KEY], NOW + 599) == first
    with pytest.raises(StateRefused, match="expired"):
        state.verify(text, [KEY], NOW + 600)


MUTATIONS = {
    "other organization": lambda text: with_payload(text, org=2),
    "other provider": lambda text: with_payload(text, prv="sma"),
    "other user": lambda text: with_payload(text, usr="eve"),
    "other number": lambda text: with_payload(text, jti="00000000-0000-4000-8000-000000000002"),
    "later expiry": lambda text: with_payload(text, exp=NOW + 6000),
    "later issue": lambda text: with_payload(text, iat=NOW + 300),
    "other version": lambda text: with_payload(text, v=2),
    "no signature": lambda text: text.split(".")[0] + ".",
    "no dot": lambda text: text.split(".")[0],
    "three parts": lambda text: text + ".AAAA",
    "cut signature": lambda text: text[:-2],
    "signature of another key": lambda text: signed(payload_of(text), OTHER),
    "signature without our prefix": lambda text: (
        f"{text.split('.')[0]}.{encoded(hmac.digest(KEY, decoded(text.split('.')[0]), 'sha256'))}"
    ),
    "padded": lambda text: text + "=",
    "standard alphabet": lambda text: text.split(".")[0] + ".++//" + text.split(".")[1][4:],
    "not ASCII": lambda text: "ä" + text,
    "endless": lambda text: text + "A" * 3000,
    "empty": lambda text: "",
}


@pytest.mark.parametrize("mutate", MUTATIONS.values(), ids=MUTATIONS)
def test_a_forged_state_is_refused(mutate):
    with pytest.raises(StateRefused):
        state.verify(mutate(state.sign(CLAIMS, KEY)), [KEY], NOW)


GOOD = {"v": 1, "jti": str(CLAIMS.jti), "org": 1, "usr": "admin", "prv": "enphase", "iat": NOW, "exp": NOW + 600}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (GOOD | {"v": 2}, "version"),
        (GOOD | {"v": True}, "incomplete"),
        (GOOD | {"iat": NOW + 60, "exp": NOW + 600}, "future"),
        (GOOD | {"exp": NOW}, "expired"),
        (GOOD | {"exp": NOW + 601}, "too long"),
        (GOOD | {"org": "1"}, "incomplete"),
        (GOOD | {"org": True}, "incomplete"),
        (GOOD | {"jti": "1 or 1=1"}, "number"),
        (GOOD | {"extra": 1}, "incomplete"),
        ({name: value for name, value in GOOD.items() if name != "usr"}, "incomplete"),
        ([1], "version"),
        (b"\xff", "no JSON"),
    ],
)
def test_even_a_signed_payload_must_be_whole_and_current(record, why):
    with pytest.raises(StateRefused, match=why):
        state.verify(signed(record), [KEY], NOW)
    assert state.verify(signed(GOOD), [KEY], NOW) == CLAIMS


@given(st.data())
def test_no_single_character_can_be_changed(data):
    text = state.sign(CLAIMS, KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != text[place]))
    with pytest.raises(StateRefused):
        state.verify(text[:place] + other + text[place + 1 :], [KEY], NOW)


def test_a_request_outlives_a_rotation_of_the_key_ring_but_not_the_end_of_its_key():
    old, both = (Vault(ring).derived(state.PURPOSE) for ring in ({"k1": KEY}, {"k1": KEY, "k2": OTHER}))
    text = state.sign(CLAIMS, old[-1])
    assert state.verify(text, both, NOW) == CLAIMS
    newest = state.sign(CLAIMS, both[-1])
    assert newest != text and state.verify(newest, both, NOW) == CLAIMS
    with pytest.raises(StateRefused):
        state.verify(newest, old, NOW)


def test_the_signing_key_is_not_the_key_that_encrypts():
    [derived] = Vault({"k1": KEY}).derived(state.PURPOSE)
    assert derived != KEY and len(derived) == 32
    assert Vault({"k1": KEY}).derived("another purpose") != [derived]


def test_the_vector_of_rfc_7636():
    assert (
        state.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
    first, second = state.new_verifier(), state.new_verifier()
    assert first != second and 43 <= len(first) <= 128


def test_a_name_in_any_script_survives():
    claims = replace(CLAIMS, user_name="Zoë 太郎" * 10)
    assert state.verify(state.sign(claims, KEY), [KEY], NOW) == claims
