"""GoodWe: an error comes as HTTP 200 with a code in the body; from the code to one of our named errors.

`00000` and `0` are success, but success without data is none: the portal answers so when a session is not accepted.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from include.core.errors import (
    AuthFailed,
    BadRequest,
    RateLimited,
    SiteForbidden,
    UnexpectedPayload,
    VendorError,
    VendorUnavailable,
)
from include.http.waits import retry_after

SUCCESS = frozenset({"00000", "0"})
THROTTLED = "GY0429"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 60, 300
REPLAY = "The stored answer can be replayed once the adapter knows this shape."

SESSION_OVER = (AuthFailed, "The session is over; the account logs in again, once.")
WRONG_LOGIN = (AuthFailed, "Check account and password at GoodWe; an old password may have to be changed there first.")
WRONG_CALL = (BadRequest, "Check the requested window and the parameters; the same call will fail again.")
CODES: dict[str, tuple[type[VendorError], str]] = {
    "100001": SESSION_OVER,
    "100002": SESSION_OVER,
    "C0602": SESSION_OVER,
    "100005": WRONG_LOGIN,
    "A02": WRONG_LOGIN,
    "100004": WRONG_CALL,
    "S0327": WRONG_CALL,
    "100025": (SiteForbidden, "Ask the plant's owner to share it with this account; other sites go on."),
    THROTTLED: (RateLimited, "The vendor's short limit is used up; the call is repeated when it allows."),
    "B": (VendorUnavailable, "The vendor's service has trouble; the call is repeated later by itself."),
}


class Verdict:
    """Judges the answers of one account; a refusal for calling too often pauses longer each time in a row."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._refusals = 0

    def check(self, payload: Any) -> None:
        """The `check` of a session: raise when the payload is an error."""
        try:
            refuse_error(payload)
        except RateLimited as failure:
            failure.retry_at = self._next_call_at(self._clock())
            raise
        self._refusals = 0

    def throttled(self, headers: Mapping[str, str], body: bytes, now: datetime) -> datetime:
        """The `throttled` of a session: when to call again after a 429."""
        return retry_after(headers, now) or self._next_call_at(now)

    def _next_call_at(self, now: datetime) -> datetime:
        pause_s = min(FIRST_PAUSE_S * 2**self._refusals, LONGEST_PAUSE_S)
        self._refusals = min(self._refusals + 1, 8)
        return now + timedelta(seconds=pause_s)


def refuse_error(payload: Any) -> None:
    """Raise unless the payload is a success with data in it."""
    of(dict, payload, "the answer")
    code = str(payload.get("code", ""))
    if code not in SUCCESS:
        kind, remedy = CODES.get(code) or CODES.get(code[:3]) or CODES.get(code[:1]) or (UnexpectedPayload, REPLAY)
        raise kind(f"goodwe: code {code or 'missing'}: {_words(payload)}", remedy=remedy)
    if payload.get("data") in (None, "", [], {}):
        raise UnexpectedPayload(
            f"goodwe: code {code} but no data",
            remedy="The portal answers so when it does not accept a session; try again later, then log in there.",
        )


def loaded(body: bytes) -> Any:
    """The `data` of an answer, errors refused."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedPayload("goodwe: the answer is not JSON", remedy="Look at the stored answer.") from None
    refuse_error(payload)
    return payload["data"]


def shape(message: str) -> UnexpectedPayload:
    """The error for an answer that is not as documented."""
    return UnexpectedPayload(f"goodwe: {message}", remedy=REPLAY)


def of(kind: type, value: Any, what: str) -> Any:
    """Insist on the JSON type of a part of the answer."""
    if not isinstance(value, kind):
        raise shape(f"{what} is {type(value).__name__}, expected {kind.__name__}")
    return value


def _words(payload: Mapping[str, Any]) -> str:
    words = [payload[key] for key in ("description", "msg", "message") if isinstance(payload.get(key), str)]
    return (words[0] if words else "")[:200]
