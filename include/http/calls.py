"""Calls through a vendor session: tries, waits, one renewal of access, and the judgement of the answer."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from include.core.errors import AuthFailed, AuthOrGateway, RateLimited, VendorError, VendorUnavailable
from include.core.records import Answer
from include.http import body as bodies
from include.http.deadline import Deadline
from include.http.session import VendorSession, refuse_uncarryable
from include.http.statuses import error_for
from include.http.waits import Patience, retry_after

log = logging.getLogger(__name__)

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
TOO_MANY_REQUESTS = 429
TRANSPORT_ERRORS = (OSError, HTTPError, HTTPException)  # requests' own errors are OSErrors


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it will be sent; what stands in `form` and `headers` never reaches a message or a record."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The call in a message."""
        return f"{self.method} {self.path}"


def get(session: VendorSession, path: str, /, **query: Any) -> Answer:
    """Fetch `path` below the session's base URL and return the answer byte for byte."""
    return send(session, Call("GET", path, query))


def post(
    session: VendorSession,
    path: str,
    /,
    *,
    query: Mapping[str, Any] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Post a JSON body or a form; a JSON body is part of `Answer.request`, a form and these headers are not.

    Only for calls that may be repeated: a lost answer makes it try again as `get` does.
    """
    session.hide(*(headers or {}).values())
    return send(session, Call("POST", path, query or {}, json, form, headers or {}))


def send(session: VendorSession, call: Call) -> Answer:
    """Send a call until it is answered, for as long as the session's limits allow."""
    patience, is_renewed = Patience(session.limits.longest_wait_s), False
    while True:
        proof = dict(session.access.headers()) if session.access else {}
        refuse_uncarryable(proof)
        session.hide(*proof.values())
        try:
            return _try_once(session, call, proof)
        except VendorUnavailable as failure:
            session.scrub(failure)
            pause = patience.pause_s(failure, session.clock())
            log.warning("%s; next try in %.1f s", failure, pause)
            session.sleep(pause)
        except VendorError as failure:
            session.scrub(failure)
            may_renew = type(failure) is AuthFailed and session.access is not None and not is_renewed
            if not (may_renew and session.access.renew(proof)):
                raise
            is_renewed = True


def _try_once(session: VendorSession, call: Call, proof: Mapping[str, str]) -> Answer:
    asked_at = session.clock()
    with Deadline(session.limits.deadline_s) as deadline:
        response = _send(session, call, proof, deadline)
        with response, _transport(call.place, deadline):
            body = bodies.read(response, session.limits.wire_bytes, session.limits.body_bytes)
            if deadline.is_over:
                raise TimeoutError
    _judge(session, response, body, call.place)
    log.debug("%s: %d, %d bytes", call.place, response.status_code, len(body))
    request = {
        "method": call.method,
        "path": call.path,
        "query": dict(call.query),
        "fetched_at": asked_at.isoformat(),
        "status": response.status_code,
    }
    if call.json is not None:
        request["json"] = call.json
    if response.url and unquote(arrived := _path_below(session, response.url)) != unquote(call.path):
        request["moved_to"] = arrived
    return Answer(body, request, bodies.media_type(response))


def _path_below(session: VendorSession, url: str) -> str:
    """The path of a URL relative to the session's base URL."""
    return urlsplit(url).path.removeprefix(urlsplit(session.base_url).path)


def _send(session: VendorSession, call: Call, proof: Mapping[str, str], deadline: Deadline) -> requests.Response:
    url, params = session.base_url + call.path, {**call.query, **session.hidden_query}
    for _ in range(1 + MOST_REDIRECTS):
        session.hosts.admit(url)
        if session.budget:
            session.budget.reserve()
        with _transport(call.place, deadline):
            response = session.request(
                call.method,
                url,
                params=params,
                json=call.json,
                data=call.form,
                headers={**proof, **call.headers},
                timeout=(session.limits.connect_timeout_s, session.limits.read_timeout_s),
                stream=True,
                allow_redirects=False,
            )
        is_elsewhere = response.status_code in REDIRECTS and "location" in response.headers
        if call.method != "GET" or not is_elsewhere:
            return response
        response.close()
        url, params = urljoin(url, response.headers["location"]), session.hidden_query
    raise VendorUnavailable("redirected without end", place=call.place, remedy="Check the vendor's base URL.")


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
        session.refused(status, body)
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
