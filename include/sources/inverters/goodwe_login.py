"""GoodWe: logging in, at the OpenAPI or at the SEMS+ portal, and the signature that SEMS+ wants on every call.

A secret holds `account`, `password`, `region`, `mode` (`auto`, `openapi`, `sems_plus`); logging in adds
`access_token`, `chosen_mode` and, of SEMS+, `session`: the whole answer to the login, which later calls repeat.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from include.core.errors import AuthFailed, ConfigurationError, RateLimited, UnexpectedPayload, VendorError
from include.http.calls import post
from include.http.hosts import host_of
from include.http.session import Budget, Limits, VendorSession, build
from include.security.tokens import Secret
from include.sources.inverters.base import Settings
from include.sources.inverters.goodwe_codes import Verdict, of
from include.sources.inverters.goodwe_places import SEMS_PATH, places

LOGIN_PATH = f"{SEMS_PATH}/sems-user/api/v1/auth/cross-login"
TOKEN_PATH = "/api/OpenApi/GetToken"  # noqa: S105 -- a path
OPENAPI, SEMS_PLUS, AUTO = "openapi", "sems_plus", "auto"
MODES = (AUTO, OPENAPI, SEMS_PLUS)

# the vendor documents neither; one operator saw OpenAPI tokens die after two hours
SESSION_LIFE = timedelta(hours=12)
OPENAPI_LIFE = timedelta(hours=2)
# short, because other workers wait for the renewed token meanwhile
LIMITS = Limits(deadline_s=30, longest_wait_s=20)

SEMS_HEADERS = {"client": "semsPlusWeb", "neutral": "0", "currentlang": "en"}
NO_SESSION = {"uid": "", "timestamp": 0, "token": "", "client": "semsPlusWeb", "version": "", "language": "en"}
# without these the login succeeds with a token that no call accepts
LOGIN_FLAGS = {"agreement": 1, "isLocal": False, "isChinese": False}


def login_of(secret: Secret) -> Secret:
    """The secret of an account login, also where it was entered as an API key in JSON; any other secret as it is."""
    if secret.get("account") or not isinstance(secret.get("api_key"), str):
        return secret
    try:
        entered = json.loads(secret["api_key"])
    except (ValueError, RecursionError):
        return secret
    if not isinstance(entered, dict) or not (entered.get("account") and entered.get("password")):
        return secret
    return {name: value for name, value in {**secret, **entered}.items() if name != "api_key"}


def renewed(secret: Secret, settings: Settings, now: datetime, verdict: Verdict, budget: Budget) -> Secret:
    """Log in and return the secret with what the vendor gave; `auto` becomes the first mode that works."""
    login = login_of(secret)
    mode = login.get("chosen_mode") or mode_of(login, settings)
    if mode == SEMS_PLUS:
        return _sems_plus(login, settings, now, verdict, budget)
    try:
        return _openapi(login, settings, now, verdict, budget)
    except RateLimited:
        raise
    except VendorError:  # no organisation account, or the OpenAPI is gone: the portal still knows the account
        if mode == OPENAPI:
            raise
        return _sems_plus(login, settings, now, verdict, budget)


def mode_of(login: Secret, settings: Settings) -> str:
    """How the account is to log in."""
    mode = str(login.get("mode") or settings.options.get("mode") or AUTO).lower()
    if mode not in MODES:
        raise ConfigurationError(f"goodwe has no mode {mode!r}", remedy=f"Choose from {', '.join(MODES)}.")
    return mode


def proof(secret: Secret, now: datetime) -> dict[str, str]:
    """The credential headers of one call."""
    if secret["chosen_mode"] == OPENAPI:
        return {"token": secret["access_token"]}
    return _sems_proof(secret["session"], now)


def token_in(headers: Mapping[str, str]) -> str:
    """The access token that credential headers carried."""
    token = headers["token"]
    return json.loads(token)["token"] if token.startswith("{") else token


def spellings(password: str) -> tuple[str, str, str]:
    """A password and its two digests on the wire, which open the account just as well."""
    digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
    return password, digest, base64.b64encode(digest.encode()).decode()


def _sems_plus(login: Secret, settings: Settings, now: datetime, verdict: Verdict, budget: Budget) -> Secret:
    session = _session(places(settings, login).portal_url, login, settings, verdict, budget)
    session.headers.update(SEMS_HEADERS)
    body = {"account": login["account"], "pwd": spellings(login["password"])[2], **LOGIN_FLAGS}
    answer = post(session, LOGIN_PATH, json=body, headers=_sems_proof(NO_SESSION, settings.clock()))
    given = of(dict, json.loads(answer.body)["data"], "the session")
    if missing := [name for name in ("uid", "token", "timestamp") if not given.get(name)]:
        raise UnexpectedPayload(
            f"goodwe: the login succeeded without {', '.join(missing)}",
            place=f"POST {LOGIN_PATH}",
            remedy="No call would accept this session. Log in at the portal once and confirm what it asks.",
        )
    return _with(login, SEMS_PLUS, str(given["token"]), now, SESSION_LIFE) | {"session": given}


def _openapi(login: Secret, settings: Settings, now: datetime, verdict: Verdict, budget: Budget) -> Secret:
    base_url = places(settings, login).openapi_url
    session = _session(base_url, login, settings, verdict, budget)
    path = settings.options.get("openapi_token_path") or TOKEN_PATH
    answer = post(session, path, json={"account": login["account"], "pwd": spellings(login["password"])[1]})
    token = of(dict, json.loads(answer.body)["data"], "the answer to the login").get("token")
    if not isinstance(token, str) or not token:
        raise UnexpectedPayload("goodwe: the login succeeded without a token", place=f"POST {path}")
    return _with(login, OPENAPI, token, now, OPENAPI_LIFE)


def _with(login: Secret, mode: str, token: str, now: datetime, life: timedelta) -> Secret:
    kept = {name: value for name, value in login.items() if name != "session"}
    return kept | {
        "chosen_mode": mode,
        "access_token": token,
        "obtained_at": now.isoformat(),
        "expires_at": (now + life).isoformat(),
    }


def _session(base_url: str, login: Secret, settings: Settings, verdict: Verdict, budget: Budget) -> VendorSession:
    """A session for logging in alone; what it posts is recorded nowhere."""
    parts = urlsplit(base_url)
    session = build(
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        headers={},
        allowed_hosts={host_of(base_url)},
        budget=budget,
        sleep=settings.sleep,
        clock=settings.clock,
        limits=LIMITS,
        throttled=verdict.throttled,
        check=verdict.check,
    )
    session.hide(*spellings(login["password"]))
    return session


def _sems_proof(given: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """The whole session as a header, and a signature of this moment."""
    moment_ms = int(now.timestamp() * 1000)
    signed = f"{moment_ms}@{given['uid']}@{given['token']}"
    signature = f"{hashlib.sha256(signed.encode()).hexdigest()}@{moment_ms}"
    return {
        "token": json.dumps(given, separators=(",", ":")),
        "x-signature": base64.b64encode(signature.encode()).decode(),
    }


def require_password(login: Secret) -> None:
    """Raise AuthFailed for an account login that lacks a part."""
    if not (login.get("account") and isinstance(login.get("password"), str) and login["password"]):
        raise AuthFailed(
            "the credential holds neither account and password nor a token",
            remedy="Enter the GoodWe account, best a separate one with read-only rights.",
        )
