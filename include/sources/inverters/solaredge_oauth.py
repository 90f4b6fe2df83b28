"""SolarEdge Site Access: an owner grants one site in the browser, and how its tokens are renewed.

Consent:    `https://connect.solaredge.com/authorize`, without PKCE. The owner signs in, and comes back with `code` and
            `site_id`; whether `state` comes back too is not documented, `external_id` does, so it carries the same.
            Our redirect address must be the application's default one at SolarEdge.
Tokens:     `/v2/oauth2/token` with a JSON body. An access token lives 2 hours, a refresh token 30 days, and each
            refresh invalidates the one before.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from include.core.errors import AuthFailed, ConfigurationError, UnexpectedPayload
from include.http.session import Access
from include.security.tokens import Keeper, Secret, TokenLife
from include.sources.inverters import oauth
from include.sources.inverters.base import Settings

BASE_URL = "https://monitoringapi.solaredge.com"
AUTHORIZE_URL = "https://connect.solaredge.com/authorize"
SCOPE = "SITE_DATA DEVICE_DATA"
LONGEST_ACCESS_MONTHS = 24
REFRESH_LIFE = timedelta(days=30)


class Grant:
    """An owner's consent to read one site, `SOLAREDGE_ACCESS_MONTHS` long."""

    USES_PKCE = False

    def authorize_url(self, settings: Settings, state: str, redirect_uri: str, challenge: str | None) -> str:
        """The vendor's consent page for one request."""
        query = {
            "client_id": oauth.application(settings, "solaredge").client_id,
            "scope": SCOPE,
            "access_duration": _access_months(settings),
            "redirect_uri": redirect_uri,
            "state": state,
            "external_id": state,
        }
        return f"{settings.options.get('authorize_url') or AUTHORIZE_URL}?{urlencode(query, quote_via=quote)}"

    def exchange(
        self, settings: Settings, callback: Mapping[str, str], redirect_uri: str, verifier: str | None
    ) -> Secret:
        """Turn the callback's code and site into the secret to store."""
        code, site_id = oauth.code_of(callback), callback.get("site_id", "")
        if not (site_id.isascii() and site_id.isdigit()):
            raise UnexpectedPayload(
                "solaredge: the callback names no site",
                remedy="Connect the account again; SolarEdge adds the site that its owner chose.",
            )
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return {**oauth.as_secret(_asked(settings, grant), settings.clock(), None, REFRESH_LIFE), "site_id": site_id}

    def revoke(self, settings: Settings, secret: Secret) -> None:
        """Give the access back, so that the refresh token is of no use to anybody."""
        token = {"token": oauth.refresh_token_of(secret)}
        oauth.ask(f"{settings.base_url or BASE_URL}/v2/oauth2/revoke-token", settings, json=token)


def renewed(secret: Secret, settings: Settings, now: datetime) -> Secret:
    """A secret with a new pair of tokens; the refresh token given is used up by this."""
    grant = {"grant_type": "refresh_token", "refresh_token": oauth.refresh_token_of(secret)}
    return oauth.as_secret(_asked(settings, grant), now, secret, REFRESH_LIFE)


def proof(keeper: Keeper, settings: Settings) -> tuple[dict[str, str], Access | None, str]:
    """Constant headers, access by token, and the one site of Site Access, as the stored secret says."""
    secret = keeper.read()
    if key := str(secret.get("api_key") or "").strip():
        return {"X-API-Key": key}, None, ""
    if not (secret.get("access_token") or secret.get("refresh_token")):
        raise AuthFailed(
            "the credential holds neither an api_key nor tokens",
            remedy="Enter the fleet key of the SolarEdge account, or connect the site in the browser.",
        )
    if not secret.get("site_id"):
        raise AuthFailed(
            "the credential holds tokens but no site_id",
            remedy="Connect the site again; its tokens are good for the site that its owner chose only.",
        )
    life = TokenLife(keeper, lambda held: renewed(held, settings, keeper.now()))
    return {}, oauth.Bearer(life), str(secret["site_id"])


def _asked(settings: Settings, grant: Mapping[str, str]) -> dict[str, Any]:
    ours = oauth.application(settings, "solaredge")._asdict()
    return oauth.token_answer(f"{settings.base_url or BASE_URL}/v2/oauth2/token", settings, json={**grant, **ours})


def _access_months(settings: Settings) -> int:
    """How long the owner's consent shall last, months."""
    text = str(settings.options.get("access_months") or LONGEST_ACCESS_MONTHS)
    if not text.isdigit() or not 1 <= int(text) <= LONGEST_ACCESS_MONTHS:
        raise ConfigurationError(
            f"SOLAREDGE_ACCESS_MONTHS is {text}", remedy=f"Give a whole number of months up to {LONGEST_ACCESS_MONTHS}."
        )
    return int(text)
