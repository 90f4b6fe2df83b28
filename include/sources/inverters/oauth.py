"""OAuth 2.0 as the vendors share it: bearer headers, token endpoints, and what their errors mean (RFC 6749).

A vendor's module says where its token endpoint is and how the call looks; `token_answer` makes the call and
`as_secret` turns the answer into what is stored. A token call is not repeatable once the vendor has answered it,
because refresh tokens are used up; a call whose answer was lost is tried again all the same, since nothing is left
to lose.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from include.core.errors import (
    BadRequest,
    ConfigurationError,
    ReauthRequired,
    UnexpectedPayload,
    VendorUnavailable,
)
from include.core.records import Answer
from include.http.calls import post
from include.http.hosts import host_of
from include.http.session import Budget, Limits, VendorSession, build
from include.security.tokens import Secret, TokenLife
from include.sources.inverters.base import Settings
from include.sources.inverters.cells import Flaw, number

# short, because other workers wait for the renewed token meanwhile
LIMITS = Limits(deadline_s=30, longest_wait_s=20)
TOKEN_LIFE_S = 3600  # where the vendor does not say
LONGEST_LIFE_S = 10 * 365 * 86400
HIDDEN_FIELDS = ("client_secret", "code", "code_verifier", "refresh_token", "access_token", "token", "password")

DEAD_GRANTS = frozenset({"invalid_grant", "invalid_token", "access_denied"})
WRONG_CLIENTS = frozenset({"invalid_client", "unauthorized_client"})
TROUBLES = frozenset({"server_error", "temporarily_unavailable"})
MALFORMED = frozenset({"invalid_request", "unsupported_grant_type", "invalid_scope", "redirect_uri_mismatch"})
FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Bearer:
    """Access by a bearer token with a life; `extra` are headers that never change, such as an application's key."""

    life: TokenLife
    extra: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> Mapping[str, str]:
        """The token for one try, renewed when it is about to expire."""
        return {**self.extra, "Authorization": f"Bearer {self.life.current()['access_token']}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Replace the refused token; raises ReauthRequired when the vendor renews nothing any more."""
        self.life.replace(refused["Authorization"].removeprefix("Bearer "))
        return True


class Application(NamedTuple):
    """Our application as the vendor knows it."""

    client_id: str
    client_secret: str


def application(settings: Settings, source_system: str) -> Application:
    """Our application's id and secret from the settings; raises ConfigurationError that names the missing one."""
    for name in Application._fields:
        if not settings.options.get(name):
            variable = f"{source_system}_{name}".upper()
            raise ConfigurationError(
                f"{variable} is not set",
                remedy=f"Register an application at the vendor and set {variable}.",
            )
    return Application(settings.options["client_id"], settings.options["client_secret"])


def refresh_token_of(secret: Secret) -> str:
    """The stored refresh token; raises ReauthRequired when there is none."""
    token = secret.get("refresh_token")
    if not token:
        raise reauth("the credential holds no refresh token")
    return token


def code_of(callback: Mapping[str, str]) -> str:
    """The code of the vendor's callback; raises ReauthRequired when the owner or the vendor refused."""
    if callback.get("error") or not callback.get("code"):
        words = " ".join(callback[key] for key in ("error", "error_description") if callback.get(key))
        raise reauth(f"the vendor sent no code: {words[:200] or 'the callback is empty'}")
    return callback["code"]


def reauth(message: str) -> ReauthRequired:
    """The error for an account that only its owner can connect again."""
    return ReauthRequired(message, remedy="Connect the account again; its owner has to agree.")


def token_answer(
    url: str,
    settings: Settings,
    *,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    budget: Budget | None = None,
) -> dict[str, Any]:
    """Ask the token endpoint at `url` and return its answer, which holds an `access_token`.

    Headers may carry the application's Basic authorization. Nothing of the call reaches a message or a record.
    Raises ReauthRequired for a grant that is used up, ConfigurationError when our application is not accepted.
    """
    answer = ask(url, settings, form=form, json=json, query=query, headers=headers, budget=budget)
    payload = _loaded(answer.body)
    if not isinstance(payload.get("access_token"), str) or not payload["access_token"]:
        raise UnexpectedPayload(
            "the token endpoint answered without an access token",
            place=f"POST {urlsplit(url).path}",
            remedy="Check the address of the token endpoint.",
        )
    return payload


def ask(
    url: str,
    settings: Settings,
    *,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    budget: Budget | None = None,
) -> Answer:
    """Post to an endpoint of the authorization server, for example to revoke a token; errors as `token_answer`."""
    session = _session(url, settings, budget)
    for part in (form, json, query):
        session.hide(*(str(part[name]) for name in HIDDEN_FIELDS if part and part.get(name)))
    return post(session, urlsplit(url).path, form=form, json=json, query=query, headers=headers)


def as_secret(
    answer: Mapping[str, Any],
    now: datetime,
    previous: Secret | None = None,
    refresh_life: timedelta | None = None,
) -> Secret:
    """The secret to store for a token answer; what the answer does not replace stays from `previous`.

    refresh_life: how long a new refresh token can be used, where the answer has no `refresh_expires_in`
    """
    token_life_s = _seconds(answer.get("expires_in")) or TOKEN_LIFE_S
    secret = {
        **(previous or {}),
        "access_token": answer["access_token"],
        "obtained_at": now.isoformat(),
        "expires_at": (now + timedelta(seconds=token_life_s)).isoformat(),
    }
    if answer.get("refresh_token"):
        secret["refresh_token"] = answer["refresh_token"]
        secret.pop("renewable_until", None)
        refresh_life_s = _seconds(answer.get("refresh_expires_in"))
        life = timedelta(seconds=refresh_life_s) if refresh_life_s else refresh_life
        if life:
            secret["renewable_until"] = (now + life).isoformat()
    return secret


def _session(url: str, settings: Settings, budget: Budget | None) -> VendorSession:
    """A session for the authorization server alone; the vendor's data session has no business there."""
    parts = urlsplit(url)
    return build(
        f"{parts.scheme}://{parts.netloc}",
        headers={},
        allowed_hosts={host_of(url)},
        budget=budget,
        sleep=settings.sleep,
        clock=settings.clock,
        limits=LIMITS,
        check=lambda payload: refuse_error(200, payload),
        refused=lambda status, body: refuse_error(status, _loaded(body)),
    )


def refuse_error(status: int, payload: Any) -> None:
    """Raise when the payload is an error of RFC 6749 that we know; anything else is judged by its status."""
    name = payload.get("error") if isinstance(payload, dict) else None
    if not isinstance(name, str) or status >= FIRST_SERVER_ERROR:
        return
    said = f"{name}: {payload['error_description']}" if isinstance(payload.get("error_description"), str) else name
    message = f"the vendor's token endpoint refuses, HTTP {status}: {said[:200]}"
    if name in DEAD_GRANTS:
        raise reauth(message)
    if name in WRONG_CLIENTS:
        # without the vendor's words, which may repeat the secret: only vendor errors are scrubbed
        raise ConfigurationError(
            f"the vendor does not accept our application: {name}",
            remedy="Check the vendor's client id and client secret in the settings; the accounts are not at fault.",
        )
    if name in TROUBLES:
        raise VendorUnavailable(
            message, remedy="The vendor's service has trouble; the call is repeated later by itself."
        )
    if name in MALFORMED or status == 200:
        raise BadRequest(message, remedy="Compare the redirect address and the scope with the vendor's registration.")


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _seconds(cell: Any) -> float | None:
    """A positive number of seconds, or None."""
    value = number(cell)
    return None if value is None or isinstance(value, Flaw) or value <= 0 else min(value, LONGEST_LIFE_S)
