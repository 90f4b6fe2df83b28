"""The routes around an `Authority`: consent page, control calls, and helpers for a vendor's own token endpoint."""

import base64
import html
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from simulators.faults import CONTROL
from simulators.oauth import Authority, TokenRefused


def consent_page(authority: Authority, path: str) -> APIRouter:
    """The page where an owner allows or denies; a call that names a wrong client or address is not redirected."""
    router = APIRouter()

    @router.get(path)
    def ask(request: Request) -> Response:
        query = dict(request.query_params)
        return _complaint(authority, query) or HTMLResponse(_page(authority, query))

    @router.post(path)
    async def decide(request: Request) -> Response:
        query, form = dict(request.query_params), await form_of(request)
        if complaint := _complaint(authority, query):
            return complaint
        state = {"state": query["state"]} if authority.echoes_state and "state" in query else {}
        if form.get("answer") != "allow" or form.get("subject") not in authority.subjects:
            back = {"error": "access_denied", "error_description": "The owner denied access", **state}
        else:
            code, grant = authority.code(form["subject"], query)
            back = {"code": code, **authority.redirect_extras(grant, query), **state}
        target = _target(authority, query)
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(back)}", 303)

    return router


def oauth_control(authority: Authority) -> APIRouter:
    """The control calls of an authority."""
    control = APIRouter(prefix=f"{CONTROL}/oauth")

    @control.get("")
    def counts() -> dict[str, Any]:
        return {"calls": dict(authority.calls), "grants": len(authority.grants)}

    @control.post("/issue")
    def issue(subject: str | None = None) -> dict[str, Any]:
        return authority.issue(subject)

    @control.post("/revoke")
    def revoke() -> dict[str, Any]:
        authority.revoke()
        return counts()

    @control.post("/expire")
    def expire() -> dict[str, Any]:
        authority.expire()
        return counts()

    @control.put("/grace")
    def grace(seconds: float) -> dict[str, float]:
        authority.grace = timedelta(seconds=seconds)
        return {"seconds": seconds}

    return control


def refuse_plainly(app: FastAPI) -> None:
    """Answer refusals as RFC 6749 says."""

    @app.exception_handler(TokenRefused)
    def refused(request: Request, error: TokenRefused) -> JSONResponse:
        return JSONResponse({"error": error.error, "error_description": error.description}, error.status)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was posted."""
    return dict(parse_qsl((await request.body()).decode()))


def basic_client(authorization: str) -> dict[str, str]:
    """`client_id` and `client_secret` of a Basic header; empty without one."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": password} if scheme.lower() == "basic" else {}


def _target(authority: Authority, query: Mapping[str, str]) -> str:
    """Where the owner is sent back to: the address asked for, else the only one registered."""
    only = next(iter(authority.redirect_uris)) if len(authority.redirect_uris) == 1 else ""
    return query.get("redirect_uri") or only


def _complaint(authority: Authority, query: Mapping[str, str]) -> Response | None:
    target = _target(authority, query)
    if query.get("client_id") != authority.client_id:
        return HTMLResponse("Unknown application", 400)
    if not target or (authority.redirect_uris and target not in authority.redirect_uris):
        return HTMLResponse("This address is not registered for the application", 400)
    if authority.is_pkce_needed and (query.get("code_challenge_method") != "S256" or not query.get("code_challenge")):
        return HTMLResponse("code_challenge with method S256 is required", 400)
    return None


def _page(authority: Authority, query: Mapping[str, str]) -> str:
    options = "".join(
        f'<option value="{html.escape(value)}">{html.escape(label)}</option>'
        for value, label in authority.subjects.items()
    )
    title, scope = html.escape(authority.title), html.escape(query.get("scope", "") or "your readings")
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: grant access</title></head>
<body><h1>{title}</h1><p>Sunledger asks to read {scope}.</p>
<form method="post"><label>Plant <select name="subject">{options}</select></label>
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form></body></html>
"""
