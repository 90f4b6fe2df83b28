"""The vault's keys in the database: counted, replaced one row at a time, and records that were moved are noticed."""

import logging

import pytest

from include.core.errors import SecretError
from tests import warm
from tests.pipeline.accounts import audited, organization, row, secret_of, stored, use_keys
from tests.pipeline.child import killed

ROTATE = "from include.pipeline import credentials; list(credentials.rotate('test'))"


def uses(warehouse) -> dict[str, int]:
    rows = warehouse.execute("select key_id, encryptions from ops.vault_key").fetchall()
    return {found["key_id"]: found["encryptions"] for found in rows}


def keys_of_records(warehouse) -> list[str]:
    rows = warehouse.execute("select key_id from ops.integration_credential order by credential_id").fetchall()
    return [found["key_id"] for found in rows]


@pytest.fixture
def five(warehouse, monkeypatch) -> list[int]:
    """Five accounts under the key k1; the ring holds k2 as well now."""
    use_keys(monkeypatch, "k1")
    owner = organization()
    ids = [stored({"api_key": f"secret {number}"}, owner, label=str(number)) for number in range(5)]
    use_keys(monkeypatch, "k1", "k2")
    return ids


def test_every_encryption_is_counted_for_its_key(five, warehouse):
    assert uses(warehouse) == {"k1": 5}
    stored({"api_key": "six"}, organization(), label="six")
    assert uses(warehouse) == {"k1": 5, "k2": 1}


def test_a_key_warns_from_two_to_the_31_and_stops_at_two_to_the_32(five, warehouse, monkeypatch, caplog):
    from include.pipeline import credential_upkeep
    from include.warehouse import summary
    from include.warehouse.database import connect

    use_keys(monkeypatch, "k1")
    warehouse.execute("update ops.vault_key set encryptions = %s", [2**31 - 2])
    owner = organization()
    with caplog.at_level(logging.WARNING):
        stored({"api_key": "a"}, owner, label="a")
        assert "rotate-key" not in caplog.text
        stored({"api_key": "b"}, owner, label="b")
        assert "rotate-key" in caplog.text
    with connect() as connection:
        [key] = summary.collect(connection)["worn_vault_keys"]
    assert (key["key_id"], key["encryptions"]) == ("k1", 2**31)
    assert "rotate-key" in credential_upkeep.describe_key(key)

    warehouse.execute("update ops.vault_key set encryptions = %s", [2**32 - 1])
    stored({"api_key": "the last"}, owner, label="b")
    with pytest.raises(SecretError, match="2\\^32"):
        stored({"api_key": "one too many"}, owner, label="b")
    assert uses(warehouse) == {"k1": 2**32} and secret_of(7) == {"api_key": "the last"}
    use_keys(monkeypatch, "k1", "k2")
    stored({"api_key": "under the new key"}, owner, label="b")
    assert secret_of(7) == {"api_key": "under the new key"}


def test_a_rotation_that_is_killed_is_resumed_and_the_old_key_can_go(five, warehouse, monkeypatch):
    from include.pipeline import credentials

    before = [row(warehouse, number) for number in five]
    killed(ROTATE, "credential_reencrypted@3")
    assert keys_of_records(warehouse) == ["k2", "k2", "k2", "k1", "k1"]
    assert [secret_of(number)["api_key"] for number in five] == [f"secret {number}" for number in range(5)]

    assert list(credentials.rotate("test")) == [(1, 2), (2, 2)]
    assert keys_of_records(warehouse) == ["k2"] * 5 and uses(warehouse) == {"k1": 5, "k2": 5}
    assert list(credentials.rotate("test")) == []
    use_keys(monkeypatch, "k2")
    assert [secret_of(number)["api_key"] for number in five] == [f"secret {number}" for number in range(5)]
    after = [row(warehouse, number) for number in five]
    changed = {name for old, new in zip(before, after, strict=True) for name in old if old[name] != new[name]}
    assert changed == {"encrypted_credentials", "key_id"}
    assert {entry["details"]["key_id"] for entry in audited(warehouse, "vault_key_rotated")} == {"k2"}


def test_a_record_that_does_not_open_is_named_and_the_others_are_rotated(five, warehouse):
    from include.pipeline import credentials

    warehouse.execute("update ops.integration_credential set key_id = 'lost' where credential_id = %s", [five[1]])
    with pytest.raises(SecretError, match=f"1 of 5 records.*credential {five[1]}"):
        list(credentials.rotate("test"))
    assert keys_of_records(warehouse) == ["k2", "lost", "k2", "k2", "k2"]


def test_the_command_tells_how_many_records_each_key_still_holds(five, warehouse, tmp_path):
    done = warm.sunledger("credentials", "rotate-key", cwd=tmp_path)
    assert done.returncode == 0 and "key k2: 5 records" in done.stdout and "key k1" not in done.stdout


def test_records_swapped_between_rows_do_not_open_and_leave_audit_entries(five, warehouse):
    first, second = five[:2]
    other = stored({"api_key": "of another organization"}, organization("Moon"))
    warehouse.execute(
        """
        update ops.integration_credential as c set encrypted_credentials = o.encrypted_credentials, key_id = o.key_id
        from ops.integration_credential as o
        where (c.credential_id, o.credential_id) in ((%(a)s, %(b)s), (%(b)s, %(a)s), (%(c)s, %(d)s))
        """,
        {"a": first, "b": second, "c": five[2], "d": other},
    )
    for credential in (first, second, five[2]):
        with pytest.raises(SecretError, match=f"credential {credential}"):
            secret_of(credential)
    entries = audited(warehouse, "credential_unreadable")
    assert [entry["subject"] for entry in entries] == [f"credential {number}" for number in (first, second, five[2])]
    assert all(entry["organization_id"] == 1 and "secret" not in str(entry["details"]) for entry in entries)
    assert secret_of(other) == {"api_key": "of another organization"}


def test_a_lost_key_is_told_to_people_and_a_new_secret_mends_it(five, warehouse, monkeypatch):
    from include.pipeline import credential_upkeep, credentials

    use_keys(monkeypatch, "k2")
    with pytest.raises(SecretError, match="no key 'k1'"):
        credentials.test(five[0])
    [told] = credential_upkeep.needing_attention()
    assert (told["credential_id"], told["why"]) == (five[0], "unreadable")
    stored({"api_key": "again"}, organization(), label="0")
    assert secret_of(five[0]) == {"api_key": "again"} and credential_upkeep.needing_attention() == []
