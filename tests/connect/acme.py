"""A vendor of the tests: an authorization server over HTTP, and the grant that speaks to it."""

from collections.abc import Mapping
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from fastapi import FastAPI, Request

from include.sources.inverters import oauth
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Authority
from simulators.oauth_routes import consent_page, form_of, refuse_plainly
from simulators.server import Clock

SETTINGS = ("base_url", "client_id", "client_secret")
ACCOUNTS = {"api_key": ("api_key",)}


class Grant:
    """The authorization code grant as RFC 6749 and RFC 7636 describe it."""

    def __init__(self, *, uses_pkce: bool = True) -> None:
        self.USES_PKCE = uses_pkce

    def authorize_url(self, settings, state: str, redirect_uri: str, challenge: str | None) -> str:
        query = {
            "response_type": "code",
            "client_id": oauth.application(settings, "acme").client_id,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        if challenge:
            query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{settings.base_url}/authorize?{urlencode(query)}"

    def exchange(self, settings, callback: Mapping[str, str], redirect_uri: str, verifier: str | None) -> dict:
        form = {
            "grant_type": "authorization_code",
            "code": oauth.code_of(callback),
            "redirect_uri": redirect_uri,
            **oauth.application(settings, "acme")._asdict(),
            **({"code_verifier": verifier} if verifier else {}),
        }
        answer = oauth.token_answer(f"{settings.base_url}/token", settings, form=form)
        secret = oauth.as_secret(answer, settings.clock())
        return secret | ({"site_id": callback["site_id"]} if "site_id" in callback else {})


def module(**options) -> SimpleNamespace:
    """A vendor's module, as much of it as connecting needs."""
    return SimpleNamespace(NAME="acme", GRANT=Grant(**options), CONSENT=None, SETTINGS=SETTINGS, ACCOUNTS=ACCOUNTS)


def create_app(clock: Clock | None = None, **options) -> FastAPI:
    """The vendor: a consent page and a token endpoint."""
    app = FastAPI()
    authority = app.state.authority = Authority(clock or Clock(), "Acme", **options)
    app.include_router(consent_page(authority, "/authorize"))
    refuse_plainly(app)

    @app.post("/token")
    async def token(request: Request) -> dict:
        return authority.token(await form_of(request))

    return app


def environment(base_url: str) -> dict[str, str]:
    """The settings of the vendor's application."""
    return {"ACME_BASE_URL": base_url, "ACME_CLIENT_ID": DEMO_CLIENT_ID, "ACME_CLIENT_SECRET": DEMO_CLIENT_SECRET}


def consent(authorize_url: str, answer: str = "allow", subject: str = "owner") -> list[tuple[str, str]]:
    """Answer the consent page as the owner would; returns the query with which the browser is sent back."""
    page = requests.post(authorize_url, data={"answer": answer, "subject": subject}, allow_redirects=False, timeout=10)
    assert page.status_code == 303, page.text
    return parse_qsl(urlsplit(page.headers["Location"]).query)


def credentials_of(warehouse) -> list[dict]:
    """The stored credentials as they lie in the database."""
    return warehouse.execute("select * from ops.integration_credential order by credential_id").fetchall()
