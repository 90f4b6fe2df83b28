"""The pages of the connection: nothing foreign runs on them, nobody keeps them, and no log knows their secrets."""

import base64
import hashlib
import json
import logging
import re
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from tests.connect import acme as vendor
from tests.connect.edge import PREFIX, begun, mounted, text_of


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '" onload="alert(1)', "</main><b>"])
def test_nothing_that_comes_in_runs_on_a_page(client, organization, hostile):
    label = client.get(f"{PREFIX}/callback", params=vendor.consent(begun(client, organization, label=hostile)))
    state = dict(vendor.consent(begun(client, organization)))["state"]
    queries = [
        {"error": hostile, "error_description": hostile, "state": state},
        {"state": hostile, "code": hostile},
        {hostile: hostile},
    ]
    for page in (label, *(client.get(f"{PREFIX}/callback", params=query) for query in queries)):
        assert hostile not in page.text
        assert page.text.count("<script>") == 1 and page.text.count("</script>") == 1


def test_a_label_is_no_template(client, organization):
    page = client.get(f"{PREFIX}/callback", params=vendor.consent(begun(client, organization, label="{{ 6 * 7 }}")))
    assert "“{{ 6 * 7 }}”" in page.text


def test_pages_are_sealed_and_never_kept(client, login, organization):
    pages = [
        client.get(f"{PREFIX}/"),
        client.get(f"{PREFIX}/callback", params=vendor.consent(begun(client, organization))),
        client.get(f"{PREFIX}/callback"),
    ]
    login.name = None
    pages.append(client.get(f"{PREFIX}/callback"))
    for page in pages:
        policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
        for tag, directive in (("script", "script-src"), ("style", "style-src")):
            [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            assert policy[directive] == f"'sha256-{digest}'"
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "sim-code" not in page.text and "sim-access" not in page.text
        assert re.search(r'<html lang="en">', page.text) and "width=device-width" in page.text
        assert re.search(r"<h1>[^<]+</h1>", page.text) and "src=" not in page.text.replace("-src", "")
    posted = client.post(f"{PREFIX}/state", json={"source": "acme"})
    assert posted.headers["cache-control"] == "no-store" and "set-cookie" not in posted.headers


def test_neither_code_nor_tokens_reach_a_log(client, login, organization, caplog):
    from airflow.api_fastapi.common.http_access_log import HttpAccessLogMiddleware
    from structlog.testing import capture_logs

    logged = TestClient(HttpAccessLogMiddleware(mounted(login)), raise_server_exceptions=False)
    caplog.set_level(logging.DEBUG)
    good = vendor.consent(begun(client, organization))
    swapped = vendor.consent(begun(client, organization))
    swapped[0] = ("code", dict(vendor.consent(begun(client, organization)))["code"])
    with capture_logs() as entries:
        assert logged.get(f"{PREFIX}/callback?{urlencode(good)}").status_code == 200
        assert logged.get(f"{PREFIX}/callback?{urlencode(swapped)}").status_code == 400
        assert logged.get(f"{PREFIX}/callback?{urlencode(good)}").status_code == 400
    assert [entry["status_code"] for entry in entries if entry["event"] == "request finished"] == [200, 400, 400]
    # what the client of this test logs of its own calls is not ours
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    text = json.dumps([entries, ours], default=str)
    for secret in ("sim-code", "sim-access", "sim-refresh", "demo-client-secret", dict(good)["state"].split(".")[1]):
        assert secret not in text


def test_the_start_page_offers_what_the_user_may_connect(client, login, organizations):
    page = client.get(f"{PREFIX}/")
    assert page.status_code == 200
    assert re.findall(r'<option value="(\d+)">(\w+)', page.text) == [(str(organizations[0]), "First")]
    assert '<option value="acme">' in page.text
    for control in re.findall(r'<(?:select|input) id="(\w+)"', page.text):
        assert f'<label for="{control}">' in page.text
    for name in ("vic", "<b>nobody"):
        login.name = name
        page = client.get(f"{PREFIX}/")
        assert "no member of an organization" in text_of(page) and "<form" not in page.text and "<b>" not in page.text
