"""What becomes of an account that is connected again, twice at once, or under a label that is taken."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from include.core.errors import Conflict
from include.pipeline import connect
from include.sources.inverters import REGISTRY
from include.warehouse import credentials
from tests.connect import acme as vendor


def test_connecting_again_replaces_the_secret_and_heals_the_account(acme, organization, warehouse):
    first = connect.finish("ann", vendor.consent(connect.begin("ann", "acme", organization, "roof").authorize_url))
    before = credentials.opened(vendor.credentials_of(warehouse)[0])
    warehouse.execute(
        "update ops.integration_credential set state = 'reauth_required', last_error = 'E414', error_count = 3"
    )
    again = connect.finish("olga", vendor.consent(connect.begin("olga", "acme", organization, "roof").authorize_url))
    [row] = vendor.credentials_of(warehouse)
    assert again.credential_id == first.credential_id and not again.is_new
    assert (row["state"], row["last_error"], row["error_count"]) == ("active", None, 0)
    assert credentials.opened(row)["access_token"] != before["access_token"]
    actions = warehouse.execute("select actor, action from ops.audit_entry order by occurred_at, seq").fetchall()
    assert [tuple(entry.values()) for entry in actions] == [("ann", "connect_account"), ("olga", "reconnect_account")]


def test_an_account_whose_key_was_lost_is_mended_by_connecting_again(acme, organization, warehouse, monkeypatch):
    connect.finish("ann", vendor.consent(connect.begin("ann", "acme", organization).authorize_url))
    monkeypatch.setenv("SUNLEDGER_VAULT_KEYS", json.dumps({"k2": base64.b64encode(bytes(32)).decode()}))
    again = connect.finish("ann", vendor.consent(connect.begin("ann", "acme", organization).authorize_url))
    [row] = vendor.credentials_of(warehouse)
    assert not again.is_new and row["key_id"] == "k2" and credentials.opened(row)["access_token"]


def test_two_first_connections_under_one_label_make_one_account(acme, organization, warehouse):
    answers = [vendor.consent(connect.begin("ann", "acme", organization).authorize_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda answer: connect.finish("ann", answer), answers))
    assert len({one.credential_id for one in done}) == 1 and sum(one.is_new for one in done) == 1
    assert len(vendor.credentials_of(warehouse)) == 1


def test_an_account_that_is_connected_in_another_way_is_not_overwritten(acme, organization, warehouse, monkeypatch):
    from include.pipeline import registration

    monkeypatch.setenv("ACME_KEY", "fleet-key")
    registration.apply(
        {"organization": "First", "accounts": [{"source": "acme", "label": "roof", "secret_env": "ACME_KEY"}]}
    )
    with pytest.raises(Conflict, match="in another way"):
        connect.begin("ann", "acme", organization, "roof")
    assert credentials.opened(vendor.credentials_of(warehouse)[0]) == {"api_key": "fleet-key"}


def test_a_partner_account_is_not_overwritten_either(acme, organization, warehouse, monkeypatch):
    from include.pipeline import registration

    monkeypatch.setattr(vendor, "ACCOUNTS", vendor.ACCOUNTS | {"oauth2": ("username", "password")})
    monkeypatch.setenv("ACME_KEY", '{"username": "installer", "password": "secret"}')
    account = {"source": "acme", "label": "roof", "auth_type": "oauth2", "secret_env": "ACME_KEY"}
    monkeypatch.setitem(REGISTRY, "acme", vendor.module())
    registration.apply({"organization": "First", "accounts": [account]})
    with pytest.raises(Conflict, match="in another way"):
        connect.begin("ann", "acme", organization, "roof")


def test_a_grant_for_another_site_does_not_replace_the_account(acme, organization, warehouse):
    acme.redirect_extras = lambda grant, query: {"site_id": grant.subject}
    acme.subjects = {"1001": "One", "1002": "Two"}

    def grant(site: str) -> connect.Connected:
        url = connect.begin("ann", "acme", organization, "roof").authorize_url
        return connect.finish("ann", vendor.consent(url, subject=site))

    grant("1001")
    with pytest.raises(Conflict, match="1002"):
        grant("1002")
    assert credentials.opened(vendor.credentials_of(warehouse)[0])["site_id"] == "1001"
    assert not grant("1001").is_new
