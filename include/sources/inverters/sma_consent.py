"""SMA: asking an owner for access by the vendor's own letter (backchannel consent), and learning the answer.

The vendor mails the owner; the request lives about seven days and may be looked at every `interval` seconds. Once it
is accepted, the token of our application reads the owner's plants; until then, and after it was taken back, the
list of plants is empty.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from include.core.errors import BadRequest, SiteGone
from include.http.calls import get, post
from include.http.hosts import host_of
from include.http.session import VendorSession, build
from include.sources.inverters.base import Settings
from include.sources.inverters.cells import number
from include.sources.inverters.sma_lists import loaded, of, shape
from include.sources.inverters.sma_tokens import client_answer

CONSENT_URL = "https://async-auth.smaapis.de/oauth2/v2/bc-authorize"
STATES = frozenset({"pending", "accepted", "rejected", "expired", "revoked"})
INTERVAL_S = 1800  # where the vendor does not say


def request(settings: Settings, login_hint: str) -> dict[str, Any]:
    """Ask the owner for access; where the vendor has a request already, tell its state instead."""
    session, path = _session(settings)
    try:
        body = post(session, path, json={"loginHint": login_hint}).body
    except BadRequest:  # 400 or 409 may mean that the owner was asked before
        return _polled(session, path, login_hint)
    return _state(session, body, login_hint)


def poll(settings: Settings, login_hint: str) -> dict[str, Any]:
    """Learn what became of the request; one that the vendor does not know any more counts as expired."""
    session, path = _session(settings)
    return _polled(session, path, login_hint)


def _polled(session: VendorSession, path: str, login_hint: str) -> dict[str, Any]:
    try:
        body = get(session, f"{path}/{quote(login_hint, safe='')}").body
    except SiteGone:
        body = b'{"state": "expired"}'
    return _state(session, body, login_hint)


def _session(settings: Settings) -> tuple[VendorSession, str]:
    """A session for the consent endpoint with a fresh token of our application, and the endpoint's path."""
    url = settings.options.get("consent_url") or CONSENT_URL
    parts = urlsplit(url)
    session = build(
        f"{parts.scheme}://{parts.netloc}",
        headers={"Authorization": f"Bearer {client_answer(settings)['access_token']}"},
        allowed_hosts={host_of(url)},
        sleep=settings.sleep,
        clock=settings.clock,
    )
    return session, parts.path.rstrip("/")


def _state(session: VendorSession, body: bytes, login_hint: str) -> dict[str, Any]:
    payload = of(dict, loaded(body), "the answer")
    state = str(payload.get("state")).lower()
    if state not in STATES:
        raise shape(f"consent is {payload.get('state')!r}, expected one of {', '.join(sorted(STATES))}")
    named = number(payload.get("interval"))
    interval_s = named if isinstance(named, float) and named > 0 else INTERVAL_S
    now = session.clock()
    return {
        "login_hint": login_hint,
        "consent_state": state,
        "consent_checked_at": now.isoformat(),
        "next_check": (now + timedelta(seconds=interval_s)).isoformat() if state == "pending" else None,
    }
