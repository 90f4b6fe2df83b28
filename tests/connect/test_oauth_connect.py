"""Connecting an account: what the owner granted is stored once, for the organization that asked, and encrypted."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from include.core.errors import (
    AuthFailed,
    ConfigurationError,
    ConsentRefused,
    NotAllowed,
    NotFound,
    SecretError,
    StateRefused,
    TooManyRequests,
)
from include.pipeline import connect
from include.sources.inverters import REGISTRY
from include.warehouse import credentials, oauth_states
from tests.connect import acme as vendor
from tests.connect.conftest import ADDRESS


def changed(answer: list[tuple[str, str]], **fields: str) -> list[tuple[str, str]]:
    return list((dict(answer) | fields).items())


def test_what_the_owner_grants_is_stored_encrypted_and_noted(acme, organization, warehouse):
    begun = connect.begin("ann", "acme", organization, "roof")
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.authorize_url).query).items()}
    assert query["redirect_uri"] == f"{ADDRESS}/api/oauth/callback"
    assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
    done = connect.finish("ann", vendor.consent(begun.authorize_url))
    assert (done.organization_id, done.source_system, done.label, done.is_new) == (organization, "acme", "roof", True)

    [row] = vendor.credentials_of(warehouse)
    assert (row["credential_id"], row["auth_type"], row["state"]) == (done.credential_id, "oauth2", "active")
    assert row["created_by"] == "ann" and row["token_expires_at"] is not None
    secret = credentials.opened(row)
    assert acme.grant_of(f"Bearer {secret['access_token']}").subject == "owner" and secret["refresh_token"]
    assert "sim-access" not in json.dumps(row, default=str)
    assert warehouse.execute("select encryptions from ops.vault_key").fetchone()["encryptions"] == 2
    [entry] = warehouse.execute("select * from ops.audit_entry where action = 'connect_account'").fetchall()
    assert (entry["actor"], entry["organization_id"]) == ("ann", organization)
    assert entry["subject"] == f"credential {done.credential_id}" and "sim-" not in json.dumps(entry, default=str)


def test_the_verifier_lies_encrypted_beside_its_request_and_opens_for_no_other(acme, organization, warehouse):
    begun = [connect.begin("ann", "acme", organization) for _ in range(2)]
    rows = warehouse.execute("select * from ops.oauth_state order by created_at, jti").fetchall()
    opened = [connect._opened(row) for row in rows]
    text = json.dumps(rows, default=str)
    assert len(set(opened)) == 2 and not any(verifier in text for verifier in opened)
    assert {begin.expires_at for begin in begun} == {row["created_at"] + timedelta(minutes=10) for row in rows}
    with pytest.raises(SecretError):
        connect._opened(rows[0] | {"jti": rows[1]["jti"]})


def test_an_answer_is_taken_once(acme, organization, warehouse):
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    connect.finish("ann", answer)
    with pytest.raises(StateRefused, match="already"):
        connect.finish("ann", answer)
    assert acme.calls["authorization_code"] == 1 and acme.calls["refused"] == 0
    assert len(vendor.credentials_of(warehouse)) == 1


def test_of_two_callbacks_at_once_one_wins(acme, organization, warehouse):
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)

    def take(_: int) -> str:
        try:
            return f"credential {connect.finish('ann', answer).credential_id}"
        except StateRefused:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(take, range(8)))
    assert outcomes[1:] == ["refused"] * 7 and outcomes[0].startswith("credential")
    assert acme.calls["authorization_code"] == 1 and acme.calls["refused"] == 0


def test_an_answer_to_another_user_is_refused_and_stays_open_for_its_own(acme, organization):
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    for other in ("bob", "olga", "", "ANN"):
        with pytest.raises(StateRefused, match="another user"):
            connect.finish(other, answer)
    assert connect.finish("ann", answer).is_new


def test_a_code_swapped_between_two_sessions_is_worth_nothing(acme, organizations, warehouse):
    first, second = organizations
    anns = vendor.consent(connect.begin("ann", "acme", first).authorize_url)
    bobs = vendor.consent(connect.begin("bob", "acme", second).authorize_url)
    with pytest.raises(AuthFailed):
        connect.finish("bob", changed(bobs, code=dict(anns)["code"]))
    with pytest.raises(StateRefused):
        connect.finish("bob", changed(bobs, state=dict(anns)["state"]))
    assert vendor.credentials_of(warehouse) == []


@pytest.mark.parametrize("where", ["signed", "stored"])
def test_ten_minutes_by_the_databases_clock_are_the_end(acme, organization, warehouse, monkeypatch, where):
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    if where == "signed":
        now = oauth_states.now
        monkeypatch.setattr(oauth_states, "now", lambda connection: now(connection) + timedelta(minutes=10))
    else:
        warehouse.execute(
            "update ops.oauth_state set created_at = created_at - interval '10 minutes', "
            "expires_at = expires_at - interval '10 minutes'"
        )
    with pytest.raises(StateRefused):
        connect.finish("ann", answer)
    assert acme.calls["authorization_code"] == 0


def test_an_answer_that_names_a_foreign_sender_is_refused(acme, organization, monkeypatch):
    own = os.environ["ACME_BASE_URL"]
    for foreign in (
        "https://evil.example",
        own.replace("http:", "https:"),
        f"{own}1",
        "javascript:alert(1)",
        "//",
        "x",
    ):
        answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
        with pytest.raises(StateRefused, match="another vendor"):
            connect.finish("ann", [*answer, ("iss", foreign)])
        with pytest.raises(StateRefused, match="already"):
            connect.finish("ann", answer)
    assert acme.calls["authorization_code"] == 0
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    assert connect.finish("ann", [*answer, ("iss", f"{own}/realm")]).is_new


def test_vendor_organization_and_address_are_those_of_the_request_not_of_the_answer(acme, organizations, warehouse):
    answer = vendor.consent(connect.begin("ann", "acme", organizations[0], "roof").authorize_url)
    lies = {
        "provider": "solaredge",
        "source": "solaredge",
        "organization_id": str(organizations[1]),
        "redirect_uri": "https://evil.example/",
        "label": "other",
    }
    done = connect.finish("ann", changed(answer, **lies))
    assert (done.organization_id, done.source_system, done.label) == (organizations[0], "acme", "roof")


def test_an_altered_redirect_address_leads_nowhere(acme, organization, warehouse, monkeypatch):
    begun = connect.begin("ann", "acme", organization)
    parts = urlsplit(begun.authorize_url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    altered = parts._replace(query=urlencode(query | {"redirect_uri": "https://evil.example/cb"})).geturl()
    # a vendor that compares addresses refuses at once; with one that does not, the code is worth nothing here
    with pytest.raises(AuthFailed):
        connect.finish("ann", vendor.consent(altered))
    acme.redirect_uris = frozenset({f"{ADDRESS}/api/oauth/callback"})
    assert requests.get(altered, timeout=10).status_code == 400
    assert vendor.credentials_of(warehouse) == []
    # the address that was sent is the address of the exchange, whatever the setting says meanwhile
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", "https://moved.example")
    assert connect.finish("ann", answer).is_new


def test_strangers_learn_nothing_and_viewers_may_not(acme, organizations, warehouse):
    first, second = organizations
    for user, organization_id in [("ann", second), ("ann", 4711), ("nobody", first), ("", first)]:
        with pytest.raises(NotFound) as caught:
            connect.begin(user, "acme", organization_id)
        assert str(caught.value) == (
            f"E002_NOT_FOUND: there is no organization {organization_id} (Ask its owner to make you a member of it.)"
        )
    with pytest.raises(NotAllowed):
        connect.begin("vic", "acme", first)
    assert warehouse.execute("select count(*) as n from ops.oauth_state").fetchone()["n"] == 0


def test_a_membership_that_ended_meanwhile_ends_the_request(acme, organization, warehouse):
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    warehouse.execute("delete from core.membership where user_name = 'ann'")
    with pytest.raises(NotFound):
        connect.finish("ann", answer)
    assert acme.calls["authorization_code"] == 0


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        ("access_denied", "access_denied", "not granted"),
        ("temporarily_unavailable", "temporarily_unavailable", "trouble"),
        ("server_error", "server_error", "trouble"),
        ("unauthorized_client", "other", "does not accept"),
        ("<script>alert(1)</script>", "other", "does not accept"),
    ],
)
def test_a_refusal_is_said_in_plain_words_of_ours(acme, organization, error, reason, words):
    state = dict(vendor.consent(connect.begin("ann", "acme", organization).authorize_url, "deny"))["state"]
    answer = [("error", error), ("error_description", "canary-4711"), ("state", state)]
    with pytest.raises(ConsentRefused, match=words) as caught:
        connect.finish("ann", answer)
    assert caught.value.reason == reason
    assert "canary" not in str(caught.value) and "script" not in str(caught.value)
    with pytest.raises(StateRefused):
        connect.finish("ann", answer)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [("code", "1")],
        [("state", "x"), ("code", "1")],
        [("error", "access_denied")],
        [("state", ""), ("code", "1")],
    ],
)
def test_an_answer_without_our_state_is_nobodys(acme, answer):
    with pytest.raises(StateRefused):
        connect.finish("ann", answer)


def test_a_parameter_that_comes_twice_is_refused_before_anything_is_used_up(acme, organization):
    answer = vendor.consent(connect.begin("ann", "acme", organization).authorize_url)
    for name in ("state", "code", "iss"):
        with pytest.raises(StateRefused, match="twice"):
            connect.finish("ann", [*answer, (name, "other"), (name, "another")])
    assert connect.finish("ann", answer).is_new


def test_an_answer_without_code_is_refused(acme, organization):
    state = dict(vendor.consent(connect.begin("ann", "acme", organization).authorize_url))["state"]
    with pytest.raises(ConsentRefused, match="does not accept"):
        connect.finish("ann", [("state", state)])


def test_the_state_may_come_back_as_external_id(acme, organization):
    answer = dict(vendor.consent(connect.begin("ann", "acme", organization).authorize_url))
    answer["external_id"] = answer.pop("state")
    assert connect.finish("ann", list(answer.items())).is_new


def test_nobody_begins_more_than_thirty_connections_a_minute(acme, organization, warehouse):
    for _ in range(30):
        connect.begin("ann", "acme", organization)
    with pytest.raises(TooManyRequests):
        connect.begin("ann", "acme", organization)
    assert connect.begin("olga", "acme", organization).authorize_url
    warehouse.execute(
        "update ops.oauth_state set created_at = created_at - interval '2 days', expires_at = expires_at - "
        "interval '2 days'"
    )
    connect.begin("ann", "acme", organization)
    assert warehouse.execute("select count(*) as n from ops.oauth_state").fetchone()["n"] == 1


def test_what_cannot_be_connected_says_so(acme, organization, monkeypatch):
    with pytest.raises(NotFound, match="no vendor 'telepathy'"):
        connect.begin("ann", "telepathy", organization)
    without = vendor.module()
    without.GRANT = None
    monkeypatch.setitem(REGISTRY, "without", without)
    with pytest.raises(NotFound, match="not connected in the browser"):
        connect.begin("ann", "without", organization)
    assert "acme" in connect.connectable() and "without" not in connect.connectable()
    monkeypatch.delenv("ACME_CLIENT_ID")
    with pytest.raises(ConfigurationError, match="ACME_CLIENT_ID"):
        connect.begin("ann", "acme", organization)


def test_without_pkce_no_verifier_is_kept(acme, organization, warehouse, monkeypatch):
    monkeypatch.setitem(REGISTRY, "acme", vendor.module(uses_pkce=False))
    begun = connect.begin("ann", "acme", organization)
    assert "code_challenge" not in begun.authorize_url
    assert warehouse.execute("select encrypted_verifier from ops.oauth_state").fetchone()["encrypted_verifier"] is None
    assert connect.finish("ann", vendor.consent(begun.authorize_url)).is_new


@pytest.mark.parametrize("url", ["ledger.example", "ftp://ledger.example", "https://", "https://a/?b=c", "https://u@a"])
def test_a_public_address_that_is_none_is_a_configuration_error(monkeypatch, url):
    monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", url)
    with pytest.raises(ConfigurationError, match="SUNLEDGER_PUBLIC_URL"):
        connect.redirect_uri()


def test_the_public_address_is_airflows_unless_set(monkeypatch):
    monkeypatch.delenv("SUNLEDGER_PUBLIC_URL", raising=False)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://127.0.0.1:8081/")
    assert connect.redirect_uri() == "http://127.0.0.1:8081/api/oauth/callback"
