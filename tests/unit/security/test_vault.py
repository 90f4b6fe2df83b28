"""Credentials: golden vectors, and clear errors for a wrong key or a record of another row."""

import base64

import pytest

from include.core.errors import ConfigurationError, SecretError
from include.security import vault as vault_module
from include.security.vault import IV_BYTES, Binding, RandomIvs, Vault, seal

KEY = bytes(range(32))
IV = bytes(range(12))
BINDING = Binding(organization_id=1, credential_id=7, source_system="solaredge")
PLAIN = b'{"api_key":"abc"}'
WITH_AAD = "AAECAwQFBgcICQoLPCC3a6y6qX70Y62p0IsbT/5Q49BEVBeXsqYrdN/SLXDi"
WITHOUT_AAD = "AAECAwQFBgcICQoLPCC3a6y6qX70Y62p0IsbT/5N40VTmPkLXYlYNQUbDOvt"


def test_golden_vectors():
    assert BINDING.associated_data("k1") == b"v1|k1|org=1|cred=7|solaredge"
    assert seal(KEY, IV, PLAIN, BINDING.associated_data("k1")) == WITH_AAD
    assert seal(KEY, IV, PLAIN, None) == WITHOUT_AAD
    assert Vault({"k1": KEY}).decrypt(WITH_AAD, "k1", BINDING) == {"api_key": "abc"}


def test_a_record_without_its_binding_does_not_open():
    with pytest.raises(SecretError):
        Vault({"k1": KEY}).decrypt(WITHOUT_AAD, "k1", BINDING)


@pytest.mark.parametrize("other", [Binding(2, 7, "solaredge"), Binding(1, 8, "solaredge"), Binding(1, 7, "enphase")])
def test_a_record_moved_to_another_row_does_not_open(other):
    record, key_id = Vault({"k1": KEY}).encrypt({"api_key": "abc"}, BINDING)
    with pytest.raises(SecretError):
        Vault({"k1": KEY}).decrypt(record, key_id, other)


def test_the_newest_key_encrypts_and_every_key_of_the_ring_decrypts():
    old, both = Vault({"k1": KEY}), Vault({"k1": KEY, "k2": KEY[::-1]})
    record, key_id = old.encrypt({"api_key": "abc"}, BINDING)
    assert key_id == "k1" and both.decrypt(record, "k1", BINDING) == {"api_key": "abc"}
    assert both.encrypt({"api_key": "abc"}, BINDING)[1] == "k2"
    with pytest.raises(SecretError, match="k2"):
        old.decrypt(record, "k2", BINDING)


def test_two_encryptions_differ_and_errors_do_not_show_the_secret():
    vault = Vault({"k1": KEY})
    first, second = (vault.encrypt({"api_key": "canary-4711"}, BINDING)[0] for _ in range(2))
    assert first != second
    with pytest.raises(SecretError) as caught:
        vault.decrypt(first[:-4] + "AAA=", "k1", BINDING)
    assert "canary" not in str(caught.value) and "credential 7" in str(caught.value)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"k1": "short"}', '{"k1": 5}', "{}"])
def test_an_unusable_key_ring_is_a_configuration_error(monkeypatch, text):
    monkeypatch.setenv("SUNLEDGER_VAULT_KEYS", text)
    with pytest.raises(ConfigurationError):
        Vault.from_environment()


def test_a_million_ivs_are_all_different():
    ivs = RandomIvs()
    drawn = {ivs.draw() for _ in range(1_000_000)}
    assert len(drawn) == 1_000_000 and {len(iv) for iv in drawn} == {IV_BYTES}


def test_every_encryption_has_an_iv_of_its_own():
    vault = Vault({"k1": KEY})
    records = [vault.encrypt({"api_key": "abc"}, BINDING)[0] for _ in range(5_000)]
    assert len({base64.b64decode(record)[:IV_BYTES] for record in records}) == 5_000


@pytest.mark.parametrize("period", [1, 2, 7, 1000])
def test_a_random_source_that_repeats_itself_encrypts_nothing_a_second_time(monkeypatch, period):
    values = [number.to_bytes(IV_BYTES) for number in range(period)]
    turns = iter(range(10 * period + 10))
    monkeypatch.setattr(vault_module.os, "urandom", lambda size: values[next(turns) % period])
    monkeypatch.setattr(vault_module, "_ivs", RandomIvs())
    vault, records = Vault({"k1": KEY}), []
    with pytest.raises(SecretError, match="random source"):
        while True:
            records.append(vault.encrypt({"api_key": "abc"}, BINDING)[0])
    used = [base64.b64decode(record)[:IV_BYTES] for record in records]
    assert len(used) == len(set(used)) == period - 1


def test_the_memory_of_ivs_is_bounded(monkeypatch):
    monkeypatch.setattr(vault_module, "REMEMBERED_IVS", 100)
    ivs = RandomIvs()
    for _ in range(1_000):
        ivs.draw()
    assert len(ivs._drawn) == 100
