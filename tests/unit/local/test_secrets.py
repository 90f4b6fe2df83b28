import base64
import json
import stat

import pytest

from include.core.errors import ConfigurationError
from include.local import secrets


def test_secrets_are_drawn_once_and_then_stay(tmp_path):
    path = tmp_path / "secrets.json"
    assert secrets.load(path) == secrets.load(path)


def test_only_the_owner_can_read_the_file(tmp_path):
    path = tmp_path / "secrets.json"
    secrets.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    secrets.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_checkouts_share_no_secret(tmp_path):
    one, other = secrets.load(tmp_path / "one.json"), secrets.load(tmp_path / "other.json")
    assert not {str(getattr(one, name)) for name in one.__slots__} & {
        str(getattr(other, name)) for name in other.__slots__
    }


def test_a_secret_of_a_newer_version_is_added_and_the_old_ones_stay(tmp_path):
    path = tmp_path / "secrets.json"
    before = secrets.load(path)
    known = json.loads(path.read_text())
    del known["reader"]
    path.write_text(json.dumps(known))
    after = secrets.load(path)
    assert after.vault_keys == before.vault_keys
    assert after.postgres == before.postgres
    assert json.loads(path.read_text())["reader"] == after.reader


def test_the_vault_key_has_32_bytes_under_its_id(tmp_path):
    keys = secrets.load(tmp_path / "secrets.json").vault_keys
    assert {name: len(base64.b64decode(key)) for name, key in keys.items()} == {"k1": 32}


def test_a_damaged_file_is_refused_and_kept(tmp_path):
    path = tmp_path / "secrets.json"
    path.write_text('{"postgres": ')
    with pytest.raises(ConfigurationError, match=r"secrets\.json"):
        secrets.load(path)
    assert path.read_text() == '{"postgres": '


def test_no_secret_appears_when_the_record_is_printed(tmp_path):
    found = secrets.load(tmp_path / "secrets.json")
    assert found.airflow_admin not in repr(found)
