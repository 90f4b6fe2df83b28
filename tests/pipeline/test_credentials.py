"""What a person does with accounts: enter, list, try, switch off and on; secrets never show."""

import json
import os
import pty
import subprocess
from functools import partial
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError, ReauthRequired
from simulators.solaredge import DEMO_KEY
from simulators.solaredge_plants import DENVER_SITE
from tests import warm
from tests.pipeline.accounts import audited, granted, organization, portal, row, secret_of, stored

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-7f3a"


@pytest.fixture
def sunledger(warehouse, tmp_path):
    """Call `sunledger` for the organization Sun, with a text on standard input; returns the finished process."""
    organization()
    return partial(warm.sunledger, cwd=tmp_path)


def add(sunledger, given: str, *more: str, source: str = "solaredge", file: str = "-"):
    return sunledger(
        "credentials", "add", "--organization", "Sun", "--source", source, "--secret-file", file, *more, given=given
    )


def test_a_secret_is_taken_from_standard_input_or_a_file_as_value_or_json(sunledger, warehouse, tmp_path):
    from_input = add(sunledger, f"{CANARY}\n", "--label", "a", "--calls-per-minute", "5")
    (tmp_path / "secret.json").write_text(json.dumps({"api_key": CANARY}))
    from_file = add(sunledger, "", "--label", "b", "--monthly-credits", "900", file="secret.json")
    tokens = json.dumps({"refresh_token": CANARY, "site_id": str(DENVER_SITE)})
    of_tokens = add(sunledger, tokens, "--label", "c")
    assert [done.returncode for done in (from_input, from_file, of_tokens)] == [0, 0, 0], of_tokens.stderr
    assert secret_of(1) == secret_of(2) == {"api_key": CANARY}
    assert secret_of(3) == {"refresh_token": CANARY, "site_id": str(DENVER_SITE)}
    rows = [row(warehouse, number) for number in (1, 2, 3)]
    assert [found["auth_type"] for found in rows] == ["api_key", "api_key", "oauth2"]
    assert [(found["calls_per_minute"], found["monthly_credits"]) for found in rows] == [
        (5, None),
        (None, 900),
        (None, None),
    ]
    assert rows[0]["created_by"] and rows[0]["state"] == "active"
    assert len(audited(warehouse, "credential_entered")) == 3


def test_nothing_that_is_printed_or_stored_shows_a_secret(sunledger, warehouse):
    outputs = [
        add(sunledger, CANARY),
        add(sunledger, f'{{"wrong": "{CANARY}"}}'),
        add(sunledger, f'{{"api_key": "{CANARY}'),
    ]
    assert outputs[0].returncode == 0 and outputs[1].returncode == 2 and outputs[2].returncode == 0
    outputs += [sunledger("credentials", "list"), sunledger("credentials", "list", "--json"), sunledger("status")]
    assert all(CANARY not in done.stdout + done.stderr for done in outputs)
    listed = json.loads(outputs[4].stdout)
    assert [(one["organization"], one["state"], one["sites"], one["key_id"]) for one in listed] == [
        ("Sun", "active", 0, "k1")
    ]
    everything = warehouse.execute("select to_jsonb(a)::text as a from ops.audit_entry as a").fetchall()
    assert CANARY not in str(everything) and CANARY not in str(row(warehouse, 1))


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (["--auth-type", "telepathy"], "x", "no telepathy accounts"),
        (["--auth-type", "oauth2"], "x", "refresh_token, site_id"),
        ([], "", "empty"),
        ([], '{"api_key": ""}', "fields"),
        ([], '{"api_key": 5}', "fields"),
        ([], '{"api_key": "x", "site_id": "1"}', "api_key with api_key or oauth2"),
    ],
)
def test_a_secret_that_does_not_fit_is_refused_with_the_fields_it_needs(sunledger, warehouse, arguments, given, words):
    done = add(sunledger, given, *arguments)
    assert done.returncode == 2 and words in done.stderr
    assert warehouse.execute("select count(*) as n from ops.integration_credential").fetchone()["n"] == 0


def test_fields_that_a_vendor_does_not_need_may_be_left_out(sunledger, warehouse):
    login = {"account": "me@example.com", "password": CANARY}
    assert add(sunledger, json.dumps(login), "--label", "a", source="goodwe").returncode == 0
    assert add(sunledger, json.dumps(login | {"region": "us"}), "--label", "b", source="goodwe").returncode == 0
    refused = add(sunledger, json.dumps(login | {"planet": "mars"}), "--label", "c", source="goodwe")
    assert refused.returncode == 2 and "region (optional)" in refused.stderr and CANARY not in refused.stderr
    assert [secret_of(1), secret_of(2)] == [login, login | {"region": "us"}]
    assert row(warehouse, 1)["auth_type"] == "account_login"


def test_a_person_is_asked_field_by_field_without_echo(warehouse):
    organization()
    master, terminal = pty.openpty()
    command = [str(ROOT / "bin" / "sunledger"), "credentials", "add", "--organization", "Sun", "--source", "goodwe"]
    process = subprocess.Popen(
        [*command, "--auth-type", "account_login"], stdin=terminal, stdout=terminal, stderr=terminal,
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    shown = ""
    for prompt, answer in (("account:", "me"), ("password:", CANARY), ("region (", "eu"), ("mode (", "")):
        while prompt not in shown:
            shown += os.read(master, 1024).decode()
        os.write(master, f"{answer}\n".encode())
    while "is stored" not in shown:
        shown += os.read(master, 1024).decode()
    assert process.wait(timeout=60) == 0
    os.close(master)
    assert CANARY not in shown
    assert secret_of(1) == {"account": "me", "password": CANARY, "region": "eu"}


def test_without_a_terminal_nobody_is_asked_and_arguments_take_no_secret(sunledger):
    done = sunledger("credentials", "add", "--organization", "Sun", "--source", "solaredge")
    assert done.returncode == 2 and "--secret-file" in done.stderr
    done = sunledger("credentials", "add", "--organization", "Sun", "--source", "solaredge", "--secret", "x")
    assert done.returncode == 2 and "No such option" in done.stderr


def test_an_account_is_tried_by_listing_its_sites_and_switched_off_and_on(sunledger, warehouse, monkeypatch):
    with portal(monkeypatch):
        add(sunledger, DEMO_KEY)
        done = sunledger("credentials", "test", "1")
        assert done.returncode == 0 and "works: 2 sites" in done.stdout, done.stderr
        assert row(warehouse, 1)["last_used_at"] is not None
        assert warehouse.execute("select count(*) as n from ops.integration_site").fetchone()["n"] == 0
        assert "disabled" in sunledger("credentials", "disable", "1", "--reason", "lost").stdout
        assert (row(warehouse, 1)["state"], row(warehouse, 1)["is_active"]) == ("disabled", False)
        sunledger("credentials", "test", "1")
        assert row(warehouse, 1)["state"] == "disabled"
        assert "active" in sunledger("credentials", "enable", "1").stdout
    assert row(warehouse, 1)["state"] == "active"
    [entry] = audited(warehouse, "credential_disabled")
    assert entry["reason"] == "lost" and entry["subject"] == "credential 1"
    assert sunledger("credentials", "test", "4711").returncode == 2


def test_a_wrong_key_is_refused_and_a_right_one_for_the_same_account_begins_anew(sunledger, warehouse, monkeypatch):
    with portal(monkeypatch):
        add(sunledger, "wrong-key")
        done = sunledger("credentials", "test", "1")
        assert done.returncode == 1 and "E404" in done.stderr
        found = row(warehouse, 1)
        assert (found["state"], found["error_count"]) == ("refused", 1) and "E404" in found["last_error"]
        assert "credential 1): refused; enter a valid secret" in sunledger("status").stdout
        add(sunledger, DEMO_KEY)
        found = row(warehouse, 1)
        assert (found["state"], found["error_count"], found["last_error"]) == ("active", 0, None)
        assert sunledger("credentials", "test", "1").returncode == 0


def test_an_account_that_works_again_is_back_in_use(warehouse, monkeypatch):
    from include.pipeline import credentials

    with portal(monkeypatch) as authority:
        credential = stored(granted(authority))
        authority.revoke()
        with pytest.raises(ReauthRequired):
            credentials.test(credential)
        authority.grants[0].is_revoked = False
        assert len(credentials.test(credential)) == 1
    assert (row(warehouse, credential)["state"], row(warehouse, credential)["last_error"]) == ("active", None)


def test_an_outage_says_nothing_of_an_account(warehouse):
    from include.core.errors import QuotaExhausted, SiteForbidden, VendorUnavailable
    from include.warehouse import credentials
    from include.warehouse.database import connect

    credential = stored({"api_key": "x"})
    for error, count in ((VendorUnavailable("down"), 0), (SiteForbidden("one"), 0), (QuotaExhausted("spent"), 1)):
        with connect() as connection:
            credentials.record_use(connection, credentials.get(connection, credential), error)
        assert row(warehouse, credential)["error_count"] == count
    assert row(warehouse, credential)["state"] == "active"
    with connect() as connection:
        credentials.record_use(connection, credentials.get(connection, credential))
    assert (row(warehouse, credential)["error_count"], row(warehouse, credential)["last_error"]) == (0, None)


def test_a_gateways_page_does_not_take_an_account_out_of_use(warehouse):
    from include.core.errors import AuthOrGateway
    from include.warehouse import credentials
    from include.warehouse.database import connect

    credential = stored({"api_key": "x"})
    with connect() as connection:
        credentials.record_use(connection, credentials.get(connection, credential), AuthOrGateway("a login form"))
    found = row(warehouse, credential)
    assert found["state"] == "active" and "E405" in found["last_error"]


def test_a_document_enters_accounts_too_and_the_same_secret_again_changes_nothing(warehouse, monkeypatch):
    from include.pipeline import credentials, registration

    account = {
        "source": "solaredge",
        "label": "roof",
        "secret_env": "ROOF",
        "auth_type": "oauth2",
        "calls_per_minute": 3,
    }
    monkeypatch.setenv("ROOF", json.dumps({"refresh_token": "r1", "site_id": "1"}))
    registration.apply({"organization": "Sun", "accounts": [account]})
    before = row(warehouse, 1)
    assert secret_of(1) == {"refresh_token": "r1", "site_id": "1"} and before["calls_per_minute"] == 3
    credentials.switch(1, on=False, actor="test")
    registration.apply({"organization": "Sun", "accounts": [account | {"calls_per_minute": 4}]})
    after = row(warehouse, 1)
    assert after["encrypted_credentials"] == before["encrypted_credentials"]
    assert (after["state"], after["calls_per_minute"]) == ("disabled", 4)
    monkeypatch.setenv("ROOF", json.dumps({"refresh_token": "r2", "site_id": "1"}))
    registration.apply({"organization": "Sun", "accounts": [account]})
    assert secret_of(1)["refresh_token"] == "r2" and row(warehouse, 1)["state"] == "active"


def test_a_document_without_its_secret_needs_a_known_account(warehouse, monkeypatch):
    from include.pipeline import registration

    document = {"organization": "Sun", "accounts": [{"source": "solaredge", "label": "", "secret_env": "NOT_SET"}]}
    with pytest.raises(ConfigurationError, match="NOT_SET"):
        registration.apply(document)
    stored({"api_key": "x"})
    assert registration.apply(document)["accounts"] == 1
