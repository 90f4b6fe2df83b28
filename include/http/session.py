"""The one way to call a vendor: a session with limits, retries, a budget and a host allow-list.

Timeouts:   connect, read, and a total deadline per try, all in seconds.
Retries:    connection errors, 5xx and answers cut short wait 2, 4, 8 s plus jitter; then VendorUnavailable.
429:        waits as `Retry-After` says, up to `Limits.longest_wait_s` in total; beyond that RateLimited.
Redirects:  followed by hand, only to hosts on the allow-list and never from https to http; a post is never redirected.
Secrets:    header values, hidden query values and what `VendorSession.hide` was given appear in no message, log
            line or `Answer.request`.

`build` makes the session, `calls.get` and `calls.post` use it.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol

import requests

from include.core.errors import AuthFailed, VendorError
from include.http.deadline import WatchedAdapter
from include.http.hosts import AllowList
from include.http.waits import next_call_at

# its debug lines repeat whole URLs, and some vendors take their key in the query
logging.getLogger("urllib3").setLevel(logging.INFO)


class Budget(Protocol):
    """Counts the calls of one credential across all workers."""

    def reserve(self) -> None:
        """Take one call before it is made; raises RateLimited or QuotaExhausted when there is none."""


class Access(Protocol):
    """Proof of identity that changes while a session lives: tokens, signatures."""

    def headers(self) -> Mapping[str, str]:
        """Credential headers for one try, made fresh; renews a token that is about to expire."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Called once per call after the vendor refused these headers: True when others may be tried now."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one call: seconds and bytes."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    deadline_s: float = 90.0
    wire_bytes: int = 20 * 2**20
    body_bytes: int = 100 * 2**20
    longest_wait_s: float = 120.0


def utc_now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


class VendorSession(requests.Session):
    """A `requests.Session` bound to one vendor; made by `build`, used through `calls.get` and `calls.post`."""

    base_url: str
    hosts: AllowList
    budget: Budget | None
    sleep: Callable[[float], None]
    clock: Callable[[], datetime]
    limits: Limits
    throttled: Callable[[Mapping[str, str], bytes, datetime], datetime]
    check: Callable[[Any], None]
    refused: Callable[[int, bytes], None]
    access: Access | None
    hidden_query: Mapping[str, str]
    secrets: set[str]

    def hide(self, *values: str) -> None:
        """Keep these values, and the parts behind a scheme such as `Bearer`, out of every message."""
        self.secrets.update(part for value in values for part in (value, value.split(" ")[-1]) if part)

    def scrub(self, failure: VendorError) -> None:
        """Take secrets out of an error, where the vendor's words repeated them."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            failure.message = failure.message.replace(secret, "***")
        failure.args = (failure.message,)


def build(
    base_url: str,
    headers: Mapping[str, str],
    allowed_hosts: Collection[str],
    budget: Budget | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
    throttled: Callable[[Mapping[str, str], bytes, datetime], datetime] = next_call_at,
    check: Callable[[Any], None] = lambda payload: None,
    refused: Callable[[int, bytes], None] = lambda status, body: None,
    access: Access | None = None,
    hidden_query: Mapping[str, str] | None = None,
) -> VendorSession:
    """Make a session for one vendor and credential.

    headers:        credential headers that never change; their values count as secrets
    access:         credential headers that do: tokens with a life, signatures
    hidden_query:   parameters of every call that are secrets, such as an application's key
    allowed_hosts:  `host` or `host:port`; `base_url` must point to one of them
    throttled:      reads a 429: returns when to call again, or raises QuotaExhausted
    check:          sees every JSON payload of a 200 and raises when it is an error object
    refused:        sees status and body of every refusal but a 429, and may raise what the status alone does not say
    """
    session = VendorSession()
    session.base_url = base_url.rstrip("/")
    session.hosts = AllowList(allowed_hosts, must_be_secure=base_url.startswith("https:"))
    session.hosts.admit(base_url)
    session.budget, session.sleep, session.clock = budget, sleep, clock
    session.limits, session.throttled, session.check = limits or Limits(), throttled, check
    session.refused = refused
    session.access, session.hidden_query = access, dict(hidden_query or {})
    session.secrets = set()
    session.hide(*headers.values(), *session.hidden_query.values())
    refuse_uncarryable(headers)
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "sunledger"})
    session.headers.update(headers)
    session.auth = lambda request: request  # keeps a .netrc from adding credentials
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", WatchedAdapter())
    session.mount("http://", WatchedAdapter())
    return session


def refuse_uncarryable(headers: Mapping[str, str]) -> None:
    """Raise AuthFailed for a credential that no HTTP header can carry."""
    if any(not value.isascii() or not value.isprintable() or value != value.strip() for value in headers.values()):
        raise AuthFailed(
            "the credential holds characters that no HTTP header can carry",
            remedy="Enter the key again, without spaces or line ends around it.",
        )
