"""The HTTP edge of the connection: who may call it, what it answers, and that nothing leaks from it."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.connect import acme as vendor
from tests.connect.edge import PREFIX, begun, problem, text_of


def test_an_account_is_connected_over_http(client, organization, warehouse):
    answer = client.post(f"{PREFIX}/state", json={"organization_id": organization, "source": "acme", "label": " roof "})
    assert answer.status_code == 200 and answer.json().keys() == {"authorize_url", "expires_at"}
    page = client.get(f"{PREFIX}/callback", params=vendor.consent(answer.json()["authorize_url"]))
    assert page.status_code == 200 and "acme “roof” from now on" in text_of(page)
    assert 'data-outcome="connected"' in page.text and 'data-label="roof"' in page.text
    [row] = warehouse.execute("select label, state from ops.integration_credential").fetchall()
    assert (row["label"], row["state"]) == ("roof", "active")


def test_the_organization_may_be_left_out_where_there_is_one(client, login, organizations):
    assert client.post(f"{PREFIX}/state", json={"source": "acme"}).status_code == 200
    login.name = "nobody"
    assert client.post(f"{PREFIX}/state", json={"source": "acme"}).status_code == 404
    from include.pipeline import registration

    registration.apply({"organization": "Second", "members": [{"user": "ann"}]})
    login.name = "ann"
    answer = client.post(f"{PREFIX}/state", json={"source": "acme"})
    assert answer.status_code == 409 and "organization_id" in problem(answer)["remedy"]


def test_nobody_gets_in_without_login(client, login, organization):
    url = begun(client, organization)
    answer = vendor.consent(url)
    login.name = None
    assert problem(client.post(f"{PREFIX}/state", json={"source": "acme"}))["status"] == 401
    page = client.get(f"{PREFIX}/callback", params=answer)
    assert page.status_code == 401 and "Log in and try again" in text_of(page)
    # the login leads back to this page; the answer waits in the browser and stands in no address
    [href] = re.findall(r'href="(https://ledger[^"]+)"', page.text)
    assert urlsplit(href).path == "/api/v2/auth/login" and "sim-code" not in page.text
    assert parse_qs(urlsplit(href).query) == {"next": ["https://ledger.example/api/oauth/callback"]}
    login.name = "ann"
    assert client.get(f"{PREFIX}/callback", params=answer).status_code == 200
    login.name = None
    start = client.get(f"{PREFIX}/")
    assert start.status_code == 401 and "api%2Foauth%2F" in start.text


def test_a_foreign_organization_is_answered_like_none(client, organizations):
    answers = [
        client.post(f"{PREFIX}/state", json={"organization_id": number, "source": source})
        for number in (organizations[1], 4711)
        for source in ("acme", "telepathy")
    ]
    texts = {re.sub(r"organization \d+", "organization N", answer.text) for answer in answers}
    assert {answer.status_code for answer in answers} == {404} and len(texts) == 1


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "#/source"),
        ({"source": ""}, "#/source"),
        ({"source": "x" * 41}, "#/source"),
        ({"source": "acme", "organization_id": "canary-1"}, "#/organization_id"),
        ({"source": "acme", "label": "canary" * 20}, "#/label"),
        ({"source": "acme", "label": "canary\r\nERROR forged"}, "#/label"),
        ({"source": "acme", "label": "canary\x1b[31m"}, "#/label"),
        ({"source": "acme", "redirect_uri": "https://canary.example"}, "#/redirect_uri"),
        ({"source": "acme", "user_name": "canary"}, "#/user_name"),
        ([1], "#/"),
    ],
)
def test_a_malformed_request_is_refused_and_not_repeated(client, body, where):
    answer = client.post(f"{PREFIX}/state", json=body)
    assert answer.status_code == 422
    assert where in [error["pointer"] for error in problem(answer)["errors"]] and "canary" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_what_a_foreign_page_could_post_without_asking_is_refused(client, organization, warehouse, kind):
    headers = {"Content-Type": kind} if kind else {}
    answer = client.post(f"{PREFIX}/state", content=json.dumps({"source": "acme"}), headers=headers)
    assert problem(answer)["status"] == 415
    assert warehouse.execute("select count(*) as n from ops.oauth_state").fetchone()["n"] == 0


def test_each_refusal_has_its_status_and_its_words(client, login, organization, acme, monkeypatch):
    def page(answer: list[tuple[str, str]]):
        return client.get(f"{PREFIX}/callback", params=answer)

    done = vendor.consent(begun(client, organization))
    assert page(done).status_code == 200
    replayed = page(done)
    assert replayed.status_code == 400 and "answered already" in text_of(replayed)
    assert "Begin again" in text_of(replayed) and "E501_STATE_REFUSED" in text_of(replayed)
    assert page([]).status_code == 400

    denied = page(vendor.consent(begun(client, organization), "deny"))
    assert denied.status_code == 403 and "Access was not granted at the vendor." in text_of(denied)
    state = dict(vendor.consent(begun(client, organization)))["state"]
    trouble = page([("error", "server_error"), ("state", state)])
    assert trouble.status_code == 502 and "some minutes" in text_of(trouble)

    spent = dict(vendor.consent(begun(client, organization))) | {"code": "canary-code"}
    wrong = page(list(spent.items()))
    assert wrong.status_code == 400 and "does not take the code" in text_of(wrong)

    answer = vendor.consent(begun(client, organization))
    monkeypatch.setenv("ACME_CLIENT_SECRET", "canary-secret")
    unset = page(answer)
    assert unset.status_code == 503 and "client secret in the settings" in text_of(unset)
    assert "canary" not in wrong.text + unset.text

    answer = vendor.consent(begun(client, organization))
    monkeypatch.setenv("ACME_BASE_URL", "http://127.0.0.1:9")
    from include.pipeline import accounts

    real = accounts.vendor_settings
    monkeypatch.setattr(accounts, "vendor_settings", lambda name: replace(real(name), sleep=lambda seconds: None))
    away = page(answer)
    assert away.status_code == 502 and "some minutes" in text_of(away)

    login.name = "vic"
    viewer = client.post(f"{PREFIX}/state", json={"organization_id": organization, "source": "acme"})
    assert viewer.status_code == 403 and problem(viewer)["code"] == "E503_NOT_ALLOWED"
    login.name = "ann"
    assert problem(client.put(f"{PREFIX}/state"))["status"] == 405
    for _ in range(30):
        last = client.post(f"{PREFIX}/state", json={"organization_id": organization, "source": "acme"})
    assert last.status_code == 429 and last.headers["retry-after"] == "60"


def test_what_nobody_foresaw_is_our_fault_and_shows_nothing(client, organization, monkeypatch):
    from include.pipeline import connect

    def fail(*_):
        raise RuntimeError("canary-4711")

    monkeypatch.setattr(connect, "begin", fail)
    monkeypatch.setattr(connect, "finish", fail)
    posted = client.post(f"{PREFIX}/state", json={"organization_id": organization, "source": "acme"})
    page = client.get(f"{PREFIX}/callback", params={"code": "1", "state": "2"})
    assert problem(posted)["status"] == 500 and page.status_code == 500
    assert "canary" not in posted.text + page.text and "our side" in text_of(page)
    assert page.headers["cache-control"] == "no-store"


def test_airflow_mounts_it_beside_its_own_api():
    from airflow.api_fastapi.app import RESERVED_URL_PREFIXES

    from plugins.sunledger_api import SunledgerApi

    mounted = {app["url_prefix"]: app["app"] for app in SunledgerApi.fastapi_apps}
    assert mounted.keys() == {PREFIX, "/api/ingest", "/sunledger"}
    for prefix in mounted:
        for reserved in RESERVED_URL_PREFIXES:
            assert not f"{prefix}/".startswith(f"{reserved}/") and not f"{reserved}/".startswith(f"{prefix}/")
    assert all(
        view["href"].startswith(tuple(f"{prefix}/" for prefix in mounted)) for view in SunledgerApi.external_views
    )
    assert {route.path for route in mounted[PREFIX].routes} == {"/state", "/callback", "/"}
