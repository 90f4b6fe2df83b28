"""The HTTP edge of the connection as tests speak to it."""

import re

from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.api import oauth

PREFIX = "/api/oauth"


class Login:
    """Who is logged in; None is nobody."""

    name: str | None = "ann"

    async def user_of(self, request) -> str | None:
        return self.name


def mounted(login: Login) -> FastAPI:
    """The app as Airflow mounts it."""
    outer = FastAPI()
    outer.mount(PREFIX, oauth.create_app(login.user_of))
    return outer


def begun(client: TestClient, organization: int, **fields) -> str:
    answer = client.post(f"{PREFIX}/state", json={"organization_id": organization, "source": "acme", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["authorize_url"]


def problem(answer) -> dict:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code and body["title"] and body["type"].endswith(body["code"])
    return body


def text_of(answer) -> str:
    """What a person reads on a page."""
    main = re.search(r"<main>(.*)</main>", answer.text, re.DOTALL)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
