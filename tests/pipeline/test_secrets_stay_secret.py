"""Secrets of every vendor through good and bad runs: nothing that is written or shown holds one."""

import logging
from pathlib import Path

import pytest

from include.core.errors import SunledgerError
from tests import warm
from tests.canaries import leaks, secrets_in

ROOT = Path(__file__).resolve().parents[2]
FAULTS = [
    {"status": 500, "times": 2, "body": "{request}"},
    {"status": 503, "times": 40, "body": "{request}"},
    {"cut_after": 20, "times": 40},
    {"status": 200, "times": 40, "headers": {"content-type": "text/html"}, "body": "<html>{request}</html>"},
    {"status": 400, "times": 40, "body": '{"message": "{request}", "error": "{request}"}'},
    {"status": 401, "times": 40, "body": '{"title": "{request}", "message": "{request}"}'},
]


def reopened(warehouse) -> None:
    warehouse.execute("update ops.integration_credential set state = 'active'")


def test_no_run_good_or_bad_leaves_a_secret_anywhere(account, warehouse, no_waiting, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    told = [str(account.run())]
    assert told == ["None"]
    for fault in FAULTS:
        account.script(fault)
        told += [str(account.run()), str(account.run(is_dry=True))]
        reopened(warehouse)
    assert len({text.split(":")[0] for text in told}) >= 4, told
    assert any("***" in text for text in told), "the vendor repeated secrets, and they were taken out"
    account.script(None)
    assert account.run() is None
    for more in ([], ["--dry-run", "--json"]):
        done = warm.sunledger("extract", account.source, "--lookback", "3", "--verbose", *more, cwd=tmp_path)
        assert "HTTP" in done.stderr or "GET" in done.stderr or "POST" in done.stderr, done
        told += [done.stdout, done.stderr]
    warehouse.execute("update ops.integration_credential set encrypted_credentials = reverse(encrypted_credentials)")
    with pytest.raises(SunledgerError, match="E301") as unreadable:
        account.run()
    told.append(str(unreadable.value))
    assert leaks(account.secrets, warehouse, tmp_path, texts=[caplog.text, *told]) == []


def test_what_dbt_writes_holds_no_secret(sites, warehouse, tmp_path, monkeypatch):
    from include.pipeline import dbt
    from include.warehouse.credentials import StoredCredential
    from tests.conftest import PASSWORD
    from tests.pipeline.solaredge_account import extract, publish

    monkeypatch.setattr(dbt, "_parsed", {})  # what it writes while it parses counts too
    extract(sites[0])
    publish()
    dbt.prepare()
    secrets = secrets_in(StoredCredential(1).read()) | {PASSWORD}
    written = {path.name for path in (tmp_path / "dbt_target").iterdir()}
    assert {"manifest.json", "partial_parse.msgpack", "run_results.json"} <= written
    assert leaks(secrets, warehouse, tmp_path) == []


def test_the_search_would_find_a_leak(sites, warehouse, tmp_path):
    warehouse.execute("update ops.integration_site set last_sync_error = 'the key is canary_4711-x' where name <> ''")
    (tmp_path / "note.bin").write_bytes(b"\x00" + b"Y2FuYXJ5XzQ3MTEteA==")  # the same in base64
    found = leaks({"canary_4711-x"}, warehouse, tmp_path, texts=["harmless", "key=canary_4711-x"])
    assert found == ["text 1", str(tmp_path / "note.bin"), "ops.integration_site"]
