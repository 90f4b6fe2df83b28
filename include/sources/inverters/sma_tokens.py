"""SMA: tokens of 300 s, from an owner's consent in the browser (code grant) or from our application alone.

With the code grant the token sees the plants of one owner; each refresh brings a new refresh token, which replaces
the old one. Without it (`client_credentials`) the token of our application sees the plants of every owner who
consented to our letter, and a new one is asked for instead of a refresh.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from include.http.session import Budget
from include.security.tokens import Secret
from include.sources.inverters.base import Settings
from include.sources.inverters.oauth import application, as_secret, code_of, refresh_token_of, token_answer

USES_PKCE = True
AUTHORIZE_URL = "https://auth.smaapis.de/oauth2/auth"
TOKEN_URL = "https://auth.smaapis.de/oauth2/token"  # noqa: S105 -- an address
SCOPE = "offline_access"  # without it the refresh token ends after two days


def authorize_url(settings: Settings, state: str, redirect_uri: str, challenge: str | None) -> str:
    """The page on which a plant's owner allows us to read."""
    query = {
        "client_id": application(settings, "sma").client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": state,
        "scope": SCOPE,
    }
    if challenge:
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    return f"{settings.options.get('authorize_url') or AUTHORIZE_URL}?{urlencode(query)}"


def exchange(settings: Settings, callback: Mapping[str, str], redirect_uri: str, verifier: str | None) -> Secret:
    """Turn the code of the vendor's callback into tokens."""
    form = {"grant_type": "authorization_code", "code": code_of(callback), "redirect_uri": redirect_uri}
    if verifier:
        form["code_verifier"] = verifier
    return as_secret(_ask(settings, form), settings.clock())


def renewed(settings: Settings, secret: Secret, now: datetime, budget: Budget | None = None) -> Secret:
    """The secret with a fresh access token."""
    if secret.get("login_hint"):
        return as_secret(client_answer(settings, budget), now, secret)
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token_of(secret)}
    return as_secret(_ask(settings, form, budget), now, secret)


def client_answer(settings: Settings, budget: Budget | None = None) -> dict:
    """A token of our application itself; a refresh token that may come with it is of no use."""
    answer = _ask(settings, {"grant_type": "client_credentials"}, budget)
    return {name: value for name, value in answer.items() if name != "refresh_token"}


def _ask(settings: Settings, form: Mapping[str, str], budget: Budget | None = None) -> dict:
    """Call the token endpoint; it takes forms only."""
    fields = {**form, **application(settings, "sma")._asdict()}
    return token_answer(settings.options.get("token_url") or TOKEN_URL, settings, form=fields, budget=budget)
