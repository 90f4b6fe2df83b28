"""One post of bytes for bytes, for services that speak no JSON; nothing secret travels, no redirect is followed."""

import requests

from include.core.errors import UnexpectedPayload, VendorUnavailable
from include.http import body as bodies
from include.http.deadline import Deadline, WatchedAdapter

TIMEOUTS_S = (10.0, 30.0)  # to connect, between two bytes
DEADLINE_S = 60.0
MOST_BYTES = 1 << 20


def post(url: str, body: bytes, *, kind: str, reply_kind: str) -> bytes:
    """Post bytes of one media type and return the reply, which must be of the other.

    Raises VendorUnavailable when no reply comes, UnexpectedPayload when one of another kind does.
    """
    with requests.Session() as session, Deadline(DEADLINE_S):
        session.auth = lambda request: request  # keeps a .netrc from adding credentials
        session.mount("https://", WatchedAdapter())
        session.mount("http://", WatchedAdapter())
        try:
            headers = {"Content-Type": kind, "Accept": reply_kind, "User-Agent": "sunledger"}
            with session.post(
                url, body, headers=headers, timeout=TIMEOUTS_S, allow_redirects=False, stream=True
            ) as response:
                reply, status = bodies.read(response, MOST_BYTES, MOST_BYTES), response.status_code
        except OSError as error:
            raise VendorUnavailable(
                f"no reply: {type(error).__name__}", place=url, remedy="it is tried again"
            ) from error
    if status != 200:
        raise VendorUnavailable(f"the reply has status {status}", place=url, remedy="it is tried again")
    if bodies.media_type(response) != reply_kind:
        raise UnexpectedPayload(f"the reply is {bodies.media_type(response)!r}, not {reply_kind}", place=url)
    return reply
