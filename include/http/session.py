"""The one way to call a vendor: a session with limits, retries, a budget and a host allow-list.

Timeouts:   connect, read, and a total deadline per try, all in seconds.
Retries:    connection errors, 5xx and answers cut short wait 2, 4, 8 s plus jitter; then VendorUnavailable.
429:        waits as `Retry-After` says, up to `Limits.longest_wait_s` in total; beyond that RateLimited.
Redirects:  followed by hand, only to hosts on the allow-list and never from https to http.
Secrets:    header values given to `build` appear in no message, log line or `Answer.request`.
"""

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from include.core.errors import (
    AuthFailed,
    AuthOrGateway,
    RateLimited,
    VendorError,
    VendorUnavailable,
)
from include.core.records import Answer
from include.http import body as bodies
from include.http.deadline import Deadline, WatchedAdapter
from include.http.hosts import AllowList
from include.http.statuses import error_for
from include.http.waits import Patience, next_call_at, retry_after

log = logging.getLogger(__name__)

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
TOO_MANY_REQUESTS = 429
TRANSPORT_ERRORS = (OSError, HTTPError, HTTPException)  # requests' own errors are OSErrors


class Budget(Protocol):
    """Counts the calls of one credential across all workers."""

    def reserve(self) -> None:
        """Take one call before it is made; raises RateLimited or QuotaExhausted when there is none."""


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
    """A `requests.Session` bound to one vendor; made by `build`, used through `get`."""

    base_url: str
    hosts: AllowList
    budget: Budget | None
    sleep: Callable[[float], None]
    clock: Callable[[], datetime]
    limits: Limits
    throttled: Callable[[Mapping[str, str], bytes, datetime], datetime]
    check: Callable[[Any], None]
    secrets: tuple[str, ...]

    def scrub(self, failure: VendorError) -> None:
        """Take secrets out of an error, where the vendor's words repeated them."""
        for secret in self.secrets:
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
) -> VendorSession:
    """Make a session for one vendor and credential.

    headers:        credential headers; their values count as secrets
    allowed_hosts:  `host` or `host:port`; `base_url` must point to one of them
    throttled:      reads a 429: returns when to call again, or raises QuotaExhausted
    check:          sees every JSON payload of a 200 and raises when it is an error object
    """
    session = VendorSession()
    session.base_url = base_url.rstrip("/")
    session.hosts = AllowList(allowed_hosts, must_be_secure=base_url.startswith("https:"))
    session.hosts.admit(base_url)
    session.budget, session.sleep, session.clock = budget, sleep, clock
    session.limits, session.throttled, session.check = limits or Limits(), throttled, check
    session.secrets = tuple(part for value in headers.values() for part in (value, value.split(" ")[-1]) if part)
    if any(not value.isascii() or not value.isprintable() or value != value.strip() for value in headers.values()):
        raise AuthFailed(
            "the credential holds characters that no HTTP header can carry",
            remedy="Enter the key again, without spaces or line ends around it.",
        )
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "sunledger"})
    session.headers.update(headers)
    session.auth = lambda request: request  # keeps a .netrc from adding credentials
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", WatchedAdapter())
    session.mount("http://", WatchedAdapter())
    return session


def get(session: VendorSession, path: str, /, **query: Any) -> Answer:
    """Fetch `path` below the session's base URL and return the answer byte for byte."""
    patience = Patience(session.limits.longest_wait_s)
    while True:
        try:
            return _try_once(session, path, query)
        except VendorUnavailable as failure:
            session.scrub(failure)
            pause = patience.pause_s(failure, session.clock())
            log.warning("%s; next try in %.1f s", failure, pause)
            session.sleep(pause)
        except VendorError as failure:
            session.scrub(failure)
            raise


def _try_once(session: VendorSession, path: str, query: dict[str, Any]) -> Answer:
    asked_at = session.clock()
    place = f"GET {path}"
    with Deadline(session.limits.deadline_s) as deadline:
        response = _send(session, path, query, deadline)
        with response, _transport(place, deadline):
            body = bodies.read(response, session.limits.wire_bytes, session.limits.body_bytes)
            if deadline.is_over:
                raise TimeoutError
    _judge(session, response, body, place)
    log.debug("%s: %d, %d bytes", place, response.status_code, len(body))
    request = {
        "method": "GET",
        "path": path,
        "query": query,
        "fetched_at": asked_at.isoformat(),
        "status": response.status_code,
    }
    return Answer(body, request, bodies.media_type(response))


def _send(session: VendorSession, path: str, query: dict[str, Any], deadline: Deadline) -> requests.Response:
    url, params = session.base_url + path, query
    for _ in range(1 + MOST_REDIRECTS):
        session.hosts.admit(url)
        if session.budget:
            session.budget.reserve()
        timeouts = (session.limits.connect_timeout_s, session.limits.read_timeout_s)
        with _transport(f"GET {path}", deadline):
            response = session.get(url, params=params, timeout=timeouts, stream=True, allow_redirects=False)
        if response.status_code not in REDIRECTS or "location" not in response.headers:
            return response
        response.close()
        url, params = urljoin(url, response.headers["location"]), {}
    raise VendorUnavailable("redirected without end", place=f"GET {path}", remedy="Check the vendor's base URL.")


@contextmanager
def _transport(place: str, deadline: Deadline) -> Iterator[None]:
    """Name a transport failure. Its own text is left out, because it may repeat the whole URL."""
    try:
        yield
    except TRANSPORT_ERRORS as error:
        reason = getattr(error.args[0] if error.args else None, "reason", None) or error
        what = f"none within {deadline.seconds:g} s" if deadline.is_over else type(reason).__name__
        raise VendorUnavailable(
            f"no complete answer: {what}",
            place=place,
            remedy="The network or the vendor has trouble; the call is repeated later by itself.",
        ) from None


def _judge(session: VendorSession, response: requests.Response, body: bytes, place: str) -> None:
    """Raise unless this is a complete, successful answer with data in it."""
    status, kind, now = response.status_code, bodies.media_type(response), session.clock()
    if status == TOO_MANY_REQUESTS:
        raise RateLimited(
            f"HTTP 429: {bodies.explanation(body)}",
            retry_at=session.throttled(response.headers, body, now),
            place=place,
            remedy="The vendor's short limit is used up; the call is repeated when it allows.",
        )
    if not response.ok or status in REDIRECTS:
        raise error_for(status, bodies.explanation(body), place, retry_after(response.headers, now))
    if bodies.is_page(kind, body):
        raise AuthOrGateway(
            f"a page instead of data: {bodies.snippet(body)}",
            place=place,
            remedy="Check the credential and the base URL; a login form or a gateway answered.",
        )
    if bodies.is_json(kind):
        session.check(_loaded(body, place))


def _loaded(body: bytes, place: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise VendorUnavailable(
            "the answer was cut short: it is not complete JSON",
            place=place,
            remedy="The call is repeated later by itself.",
        ) from None
