"""Who one is, which vendors there are, and how the pages are sent."""

import re

import pytest
from fastapi.testclient import TestClient

from include.api import console
from tests.api.pages_world import Login


@pytest.fixture
def member_of_both(plant, neighbour):
    """ann is a member of the plant and a viewer of the neighbour."""
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        members.put(connection, plant.organization_id, "ann", "member")
        members.put(connection, neighbour.organization_id, "ann", "viewer")


@pytest.fixture
def login() -> Login:
    """Whose session the pages see."""
    return Login()


@pytest.fixture
def pages(login, monkeypatch) -> TestClient:
    """A client of the pages; they need no warehouse."""
    monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", "https://ledger.example")
    return TestClient(console.create_app(login.user_of), follow_redirects=False)


def test_a_person_sees_their_organizations_and_what_they_may_do_there(api, plant, neighbour, member_of_both):
    answer = api.get("/me", headers={"X-Test-User": "ann"})
    assert answer.status_code == 200 and answer.headers["RateLimit-Limit"] == "600"
    assert answer.json()["user"] == "ann"
    assert [(row["organization_id"], row["name"], row["role"]) for row in answer.json()["organizations"]] == [
        (neighbour.organization_id, "Neighbour", "viewer"),
        (plant.organization_id, "Test Energy", "member"),
    ]
    assert [row["scopes"] for row in answer.json()["organizations"]] == [
        ["contracts_read", "evidence", "status"],
        ["billing_reads", "contracts_read", "evidence", "meter_data", "sites", "status"],
    ]


def test_a_key_sees_its_organization_and_nobody_sees_nothing(api, plant, make_key):
    key = make_key(plant.organization_id, scopes=["status"])
    found = api.get("/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert found["user"].startswith("key:")
    assert found["organizations"] == [
        {"organization_id": plant.organization_id, "name": "Test Energy", "role": None, "scopes": ["status"]}
    ]
    assert api.get("/me", headers={"X-Test-User": "stranger"}).json()["organizations"] == []
    nobody = api.get("/me")
    assert nobody.status_code == 401 and nobody.json()["code"] == "E603_UNKNOWN_CALLER"


def test_vendors_say_how_their_accounts_are_connected(api, plant):
    vendors = {row["source_system"]: row for row in api.get("/vendors", headers=plant.headers).json()["items"]}
    assert {name for name, row in vendors.items() if row["in_browser"]} == {"solaredge", "enphase", "sma"}
    assert {"auth_type": "api_key", "fields": ["api_key"], "optional_fields": []} in vendors["solaredge"]["accounts"]
    logins = [row for row in vendors["goodwe"]["accounts"] if row["auth_type"] == "account_login"]
    assert logins[0]["optional_fields"] == ["region", "mode"]


@pytest.mark.parametrize("name", console.TITLES)
def test_a_page_runs_its_own_files_only_and_is_sent_once(pages, name):
    answer = pages.get(f"/{name}")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)
    again = pages.get(f"/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    for file in re.findall(r'(?:src|href)="(static/[^"]+)"', answer.text):
        sent = pages.get(f"/{file}")
        kind = {"js": "text/javascript", "css": "text/css"}[file.rpartition(".")[2]]
        assert sent.status_code == 200 and sent.headers["Content-Type"].startswith(kind)
        assert sent.headers["X-Content-Type-Options"] == "nosniff" and "no-cache" in sent.headers["Cache-Control"]


def test_without_a_login_a_page_leads_to_it_and_back(pages, login):
    login.name = None
    answer = pages.get("/loads", headers={"If-None-Match": "*"})
    assert answer.status_code == 303 and answer.headers["Cache-Control"] == "no-store"
    back = "next=https%3A%2F%2Fledger.example%2Fsunledger%2Floads"
    assert answer.headers["Location"] == f"https://ledger.example/api/v2/auth/login?{back}"


@pytest.mark.parametrize("name", ["layout.html", "console.py", "..%2Fconsole.py", "%2e%2e%2fapp.py", "style.css%00"])
def test_nothing_but_scripts_and_styles_can_be_fetched(pages, name):
    assert pages.get(f"/static/{name}").status_code == 404


def test_the_root_leads_to_the_first_page_and_other_pages_are_not_there(pages):
    assert pages.get("/").headers["Location"] == "upload"
    assert pages.get("/secrets").status_code == 422
