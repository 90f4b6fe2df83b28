"""A small authorization server (OAuth 2.0) that a vendor's simulator mounts: grants, codes and tokens.

Its routes (`consent_page`, `oauth_control`, `refuse_plainly`, `form_of`, `basic_client`) are in `oauth_routes.py`.

Use:  `authority = Authority(clock, title="Acme")`
      `app.include_router(consent_page(authority, "/oauth/authorize"))` for the page with "Allow" and "Deny";
      `app.include_router(oauth_control(authority))` for `/_control/oauth...`;
      a route of your own for the token endpoint, because vendors differ in how they take the call:
      `return authority.token({**fields, **basic_client(authorization)})`, where `fields` are the names of RFC 6749
      (`grant_type`, `code`, `redirect_uri`, `refresh_token`, `code_verifier`, `username`, `password`, `client_id`,
      `client_secret`) from the form (`form_of(request)`), query or JSON body; it returns the dict to answer with or
      raises `TokenRefused(status, error, description)`: `refuse_plainly(app)` answers it as RFC 6749 says, a handler
      of yours in the vendor's shape;
      `authority.grant_of(request.headers.get("authorization", ""))` in data routes: the live `Grant` or None (-> 401).
Test: keep the authority (for example `app.state.authority = authority`): `authority.issue()` hands out tokens
      without the browser, `authority.calls` counts answered and refused token calls, `authority.revoke()` and
      `authority.expire()` do what the control calls do. The control calls need neither key nor credit:
      `GET /_control/oauth` -> {"calls": {...}, "grants": n}, `POST /_control/oauth/issue?subject=`,
      `POST /_control/oauth/revoke`, `POST /_control/oauth/expire`, `PUT /_control/oauth/grace?seconds=`.
"""

import base64
import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CODE_LIFE = timedelta(minutes=10)
DEMO_CLIENT_ID = "sunledger-demo-client"
DEMO_CLIENT_SECRET = "sunledger-demo-client-secret"  # noqa: S105 -- opens the simulator only


class TokenRefused(Exception):
    """A refusal of the token endpoint: HTTP status and RFC 6749 error."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


@dataclass
class Grant:
    """What an owner allowed; `subject` is what was chosen on the consent page, or the user of a password grant."""

    subject: str
    scope: str = ""
    kind: str = "authorization_code"
    is_revoked: bool = False


@dataclass
class Token:
    """An access token, a refresh token or a code."""

    grant: Grant
    expires_at: datetime
    used_at: datetime | None = None
    redirect_uri: str = ""
    challenge: str = ""


def no_extras(grant: Grant) -> dict[str, Any]:
    """No fields of the vendor's own."""
    return {}


@dataclass
class Authority:
    """Codes, tokens and grants of one application at one vendor, all on the simulator's clock.

    redirect_uris:  the addresses registered for the application; empty = any, but exchange must name the same one
    subjects:       value -> label of what the owner may choose on the consent page, such as sites; one or more
    users:          user -> password for the password grant
    grant_types:    what the token endpoint takes
    rotates:        each refresh replaces the refresh token; the old one stays good for `grace` after its first use
    is_pkce_needed: an authorization without an S256 challenge is refused; one that came is always checked
    echoes_state:   whether the redirect carries `state` back
    redirect_extras: (grant, query of the authorize call) -> further fields of the redirect
    token_extras:   (grant) -> further fields of the token answer
    """

    clock: Callable[[], datetime]
    title: str
    client_id: str = DEMO_CLIENT_ID
    client_secret: str = DEMO_CLIENT_SECRET
    redirect_uris: frozenset[str] = frozenset()
    subjects: Mapping[str, str] = field(default_factory=lambda: {"owner": "My plant"})
    users: Mapping[str, str] = field(default_factory=dict)
    grant_types: frozenset[str] = frozenset({"authorization_code", "refresh_token"})
    token_life: timedelta = timedelta(hours=1)
    refresh_life: timedelta = timedelta(days=30)
    rotates: bool = True
    grace: timedelta = timedelta(0)
    is_pkce_needed: bool = False
    echoes_state: bool = True
    redirect_extras: Callable[[Grant, Mapping[str, str]], dict[str, str]] = lambda grant, query: {}
    token_extras: Callable[[Grant], dict[str, Any]] = no_extras

    def __post_init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.grants: list[Grant] = []
        self._codes: dict[str, Token] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._lock = threading.RLock()

    def code(self, subject: str, query: Mapping[str, str]) -> tuple[str, Grant]:
        """A fresh code for what an owner allowed; `query` is that of the authorize call."""
        with self._lock:
            grant = self._grant(subject, query.get("scope", ""), "authorization_code")
            code = f"sim-code-{secrets.token_urlsafe(16)}"
            self._codes[code] = Token(
                grant,
                self.clock() + CODE_LIFE,
                redirect_uri=query.get("redirect_uri", ""),
                challenge=query.get("code_challenge", ""),
            )
            return code, grant

    def token(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one token call; raises TokenRefused. Counted in `calls` by grant type, refusals as `refused`."""
        grant_type = str(fields.get("grant_type", ""))
        with self._lock:
            try:
                answer = self._answer(grant_type, {name: str(value) for name, value in fields.items()})
            except TokenRefused:
                self.calls["refused"] += 1
                raise
            self.calls[grant_type] += 1
            return answer

    def issue(self, subject: str | None = None, kind: str = "authorization_code") -> dict[str, Any]:
        """A token answer as an exchange would give it, without browser and uncounted."""
        with self._lock:
            return self._tokens(self._grant(subject or next(iter(self.subjects)), "", kind))

    def grant_of(self, authorization: str) -> Grant | None:
        """The grant behind an `Authorization` header, or None when its token is unknown, over or revoked."""
        scheme, _, name = authorization.partition(" ")
        token = self._access.get(name.strip()) if scheme.lower() == "bearer" else None
        is_live = token is not None and self.clock() < token.expires_at and not token.grant.is_revoked
        return token.grant if is_live else None

    def revoke(self, token: str | None = None) -> None:
        """End the grant of one access or refresh token, or every grant."""
        with self._lock:
            found = self._access.get(token) or self._refresh.get(token) if token else None
            for grant in ([found.grant] if found else []) if token else self.grants:
                grant.is_revoked = True

    def expire(self) -> None:
        """Let every access token run out now; refresh tokens stay good."""
        with self._lock:
            self._access.clear()

    def _answer(self, grant_type: str, fields: Mapping[str, str]) -> dict[str, Any]:
        if (fields.get("client_id"), fields.get("client_secret")) != (self.client_id, self.client_secret):
            raise TokenRefused(401, "invalid_client", "Unknown client or wrong secret")
        if grant_type not in self.grant_types:
            raise TokenRefused(400, "unsupported_grant_type", f"Unsupported grant type {grant_type!r}")
        if grant_type == "client_credentials":
            return self._tokens(self._grant("", fields.get("scope", ""), grant_type))
        if grant_type == "password":
            user = fields.get("username", "")
            if user not in self.users or self.users[user] != fields.get("password"):
                raise TokenRefused(400, "invalid_grant", "Bad credentials")
            return self._tokens(self._grant(user, "", grant_type))
        if grant_type == "authorization_code":
            return self._tokens(self._spent_code(fields))
        return self._refreshed(fields.get("refresh_token", ""))

    def _spent_code(self, fields: Mapping[str, str]) -> Grant:
        code = self._codes.pop(fields.get("code", ""), None)
        if code is None or code.expires_at <= self.clock() or code.grant.is_revoked:
            raise TokenRefused(400, "invalid_grant", "The code is unknown, used or expired")
        if code.redirect_uri and fields.get("redirect_uri") != code.redirect_uri:
            raise TokenRefused(400, "invalid_grant", "redirect_uri differs from the one of the authorization")
        if code.challenge and code.challenge != s256(fields.get("code_verifier", "")):
            raise TokenRefused(400, "invalid_grant", "code_verifier does not fit the challenge")
        return code.grant

    def _refreshed(self, name: str) -> dict[str, Any]:
        token, now = self._refresh.get(name), self.clock()
        is_spent = token is not None and token.used_at is not None and now >= token.used_at + self.grace
        if token is None or is_spent or token.expires_at <= now or token.grant.is_revoked:
            raise TokenRefused(400, "invalid_grant", "The refresh token is unknown, used, revoked or expired")
        if self.rotates and token.used_at is None:
            token.used_at = now
        return self._tokens(token.grant, None if self.rotates else name)

    def _tokens(self, grant: Grant, refresh_token: str | None = None) -> dict[str, Any]:
        access, now = f"sim-access-{secrets.token_urlsafe(16)}", self.clock()
        self._access[access] = Token(grant, now + self.token_life)
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(self.token_life.total_seconds()),
        }
        if grant.scope:
            answer["scope"] = grant.scope
        if "refresh_token" in self.grant_types and grant.kind != "client_credentials":
            answer["refresh_token"] = refresh_token or f"sim-refresh-{secrets.token_urlsafe(16)}"
            self._refresh.setdefault(answer["refresh_token"], Token(grant, now + self.refresh_life))
        return answer | self.token_extras(grant)

    def _grant(self, subject: str, scope: str, kind: str) -> Grant:
        self.grants.append(Grant(subject, scope, kind))
        return self.grants[-1]


def s256(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
