"""Enphase v4: how an account is connected and its token renewed.

Code grant without PKCE for an owner; grant `password` with Enlighten name and password on the Partner plan. The token
endpoint takes its parameters in the query and our application by HTTP Basic. A token lives a day; each renewal
replaces the refresh token, which lives 30 days.
"""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from include.core.errors import ReauthRequired
from include.security.tokens import Secret
from include.sources.inverters import oauth
from include.sources.inverters.base import Settings

BASE_URL = "https://api.enphaseenergy.com"
REFRESH_LIFE = timedelta(days=30)


class Grant:
    """An owner's consent in the browser."""

    USES_PKCE = False

    def authorize_url(self, settings: Settings, state: str, redirect_uri: str, challenge: str | None) -> str:
        """The vendor's consent page for one request."""
        query = {
            "response_type": "code",
            "client_id": oauth.application(settings, "enphase").client_id,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{settings.base_url or BASE_URL}/oauth/authorize?{urlencode(query)}"

    def exchange(
        self, settings: Settings, callback: Mapping[str, str], redirect_uri: str, verifier: str | None
    ) -> Secret:
        """Turn the callback's code into the secret to store."""
        code = oauth.code_of(callback)
        query = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return _secret(_asked(settings, query), settings.clock())


def renewed(secret: Secret, settings: Settings, now: datetime) -> Secret:
    """A secret with a new token: by its refresh token, else by the installer's name and password."""
    is_partner = bool(secret.get("username") and secret.get("password"))
    if secret.get("refresh_token") or not is_partner:
        query = {"grant_type": "refresh_token", "refresh_token": oauth.refresh_token_of(secret)}
        try:
            return _secret(_asked(settings, query), now, secret)
        except ReauthRequired:
            if not is_partner:
                raise
    query = {"grant_type": "password", "username": secret["username"], "password": secret["password"]}
    return _secret(_asked(settings, query), now, secret)


def _asked(settings: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    ours = oauth.application(settings, "enphase")
    basic = base64.b64encode(f"{ours.client_id}:{ours.client_secret}".encode()).decode()
    return oauth.token_answer(
        f"{settings.base_url or BASE_URL}/oauth/token",
        settings,
        query=query,
        headers={"Authorization": f"Basic {basic}"},
    )


def _secret(answer: Mapping[str, Any], now: datetime, previous: Secret | None = None) -> Secret:
    """The secret to store; whose account it is (`enl_uid`) is kept for a person who has to tell accounts apart."""
    whose = {"enl_uid": str(answer["enl_uid"])} if answer.get("enl_uid") else {}
    return oauth.as_secret(answer, now, previous, REFRESH_LIFE) | whose
