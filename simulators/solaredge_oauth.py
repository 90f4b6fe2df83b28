"""Site Access of the SolarEdge simulator: an owner grants one site, by the authorization server of `oauth.py`.

The consent page is `/authorize`; the real one is at a host of its own. The token endpoint takes JSON, and each
refresh uses up the refresh token. A token reads its own site only and is refused at the site list.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request

from simulators.oauth import Authority, Grant, TokenRefused
from simulators.oauth_routes import consent_page, oauth_control, refuse_plainly
from simulators.solaredge_plants import Plant

TOKEN_LIFE = timedelta(seconds=7200)


class Problem(Exception):
    """Becomes an `application/problem+json` answer."""

    def __init__(self, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers


def authority_of(clock: Callable[[], datetime], plants: Mapping[int, Plant]) -> Authority:
    """The authorization server whose owners choose one of the plants."""

    def site_and_id(grant: Grant, query: Mapping[str, str]) -> dict[str, str]:
        return {"site_id": grant.subject} | {name: query[name] for name in ("external_id",) if name in query}

    return Authority(
        clock,
        "SolarEdge Connect",
        subjects={str(plant.site_id): plant.name for plant in plants.values()},
        token_life=TOKEN_LIFE,
        redirect_extras=site_and_id,
    )


def add_site_access(app: FastAPI, authority: Authority) -> Callable[[Request], None]:
    """Mount the consent page and the token endpoints; returns what refuses a data call without a good token."""
    app.include_router(consent_page(authority, "/authorize"))
    app.include_router(oauth_control(authority))
    refuse_plainly(app)

    @app.post("/v2/oauth2/token")
    async def token(request: Request) -> dict[str, Any]:
        return authority.token(await _json_of(request))

    @app.post("/v2/oauth2/revoke-token")
    async def revoke(request: Request) -> dict[str, Any]:
        authority.revoke(str((await _json_of(request)).get("token")))
        return {}

    def refuse_stranger(request: Request) -> None:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise Problem(401, "Unauthorized - Authentication Failed", "Invalid API key")
        grant = authority.grant_of(authorization)
        if grant is None:
            raise Problem(401, "Unauthorized - Authentication Failed", "Invalid or expired access token")
        if "site_id" not in request.path_params:
            raise Problem(403, "Forbidden", "OAuth tokens are not accepted here")
        if request.path_params["site_id"] != grant.subject:
            raise Problem(403, "Forbidden", "The site OAuth grant doesn't include this site")

    return refuse_stranger


async def _json_of(request: Request) -> dict[str, Any]:
    """The JSON body; a form is refused, because SolarEdge takes none."""
    if request.headers.get("content-type", "").partition(";")[0] == "application/json":
        try:
            body = await request.json()
        except ValueError:
            body = None
        if isinstance(body, dict):
            return body
    raise TokenRefused(400, "invalid_request", "The body must be a JSON object")
