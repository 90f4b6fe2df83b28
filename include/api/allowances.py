"""What is left of a caller's allowance of requests: counted by the minute, told in the headers of every answer."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.api.problems import Problem

WINDOW_S = 60
PER_MINUTE = {
    "RateLimit-Limit": "Requests a minute that are allowed: the key's, the person's or the address's.",
    "RateLimit-Remaining": "Requests that are left of the running minute.",
    "RateLimit-Reset": "Seconds until the next minute begins.",
}
LATER = {"Retry-After": "Seconds to wait before the next try."}


class Allowance(NamedTuple):
    """Requests a minute, and how many are left of the running one, which ends in `reset_s` seconds."""

    limit: int
    left: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """As an answer tells it."""
        return dict(zip(PER_MINUTE, map(str, self), strict=True))


def note(request: Request, hits: int, limit: int) -> None:
    """Note for the answer what `hits` leave of the limit, and refuse the request when that is nothing.

    Where several limits hold, the answer tells the one that ends first.
    """
    found = Allowance(limit, max(0, limit - hits), WINDOW_S - datetime.now(UTC).second)
    known = getattr(request.state, "allowance", found)
    request.state.allowance = min(known, found, key=lambda allowance: allowance.left)
    if hits > limit:
        raise Problem(
            429,
            "E606_TOO_MANY_REQUESTS",
            f"{limit} requests a minute are allowed",
            "wait as Retry-After says; send more rows per request",
            headers={"Retry-After": str(found.reset_s)},
        )


class Told:
    """An ASGI app around another one that puts the noted allowance into each answer's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; without a noted allowance the answer stays as it is."""
        state = scope.setdefault("state", {})

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and "allowance" in state:
                MutableHeaders(scope=message).update(state["allowance"].headers())
            await send(message)

        await self._app(scope, receive, tell)


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Add the headers to an OpenAPI document: to every answer of what is counted.

    Where the warehouse does not answer nothing is counted, so there they are not promised.
    """
    headers = document.setdefault("components", {}).setdefault("headers", {})
    headers |= {name: _header(text) for name, text in (PER_MINUTE | LATER).items()}
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        responses = operation["responses"]
        for status, response in responses.items() if "429" in responses else ():
            names = {"503": LATER, "429": PER_MINUTE | LATER}.get(status, PER_MINUTE)
            response.setdefault("headers", {}).update(
                {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            )
    return document


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "required": True, "schema": {"type": "integer", "minimum": 0}}
