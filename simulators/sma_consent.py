"""The SMA simulator's backchannel consent: an owner is asked by letter, and answers in the sandbox by a call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request

PATH = "/oauth2/v2/bc-authorize"
INTERVAL_S = 1800
LIFE = timedelta(days=7)
# the sandbox is told "reject" and says "Rejected"
STATES = {
    "accept": "Accepted", "accepted": "Accepted", "reject": "Rejected", "rejected": "Rejected", "revoked": "Revoked",
}  # fmt: skip


@dataclass
class Consents:
    """Who was asked when, and what they said."""

    clock: Callable[[], datetime]
    requests: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def state(self, owner: str) -> str | None:
        """The state of the newest request; None when the owner was never asked."""
        if owner not in self.requests:
            return None
        state, asked_at = self.requests[owner]
        return "Expired" if state == "Pending" and self.clock() >= asked_at + LIFE else state

    def put(self, owner: str, state: str) -> None:
        """Ask an owner, or note an answer."""
        self.requests[owner] = (state, self.clock())

    def accepted(self) -> set[str]:
        """The owners whose plants our application may read."""
        return {owner for owner in self.requests if self.state(owner) == "Accepted"}


def router(consents: Consents, client: Callable[..., Any]) -> APIRouter:
    """The consent endpoints; `client` is the dependency that insists on a token of the application."""
    routes = APIRouter(prefix=PATH)

    def described(owner: str) -> dict[str, Any]:
        state = consents.state(owner)
        if state is None:
            raise HTTPException(404, "Nothing is pending for this owner")
        return {"loginHint": owner, "state": state, "interval": INTERVAL_S}

    @routes.post("", status_code=201, dependencies=[Depends(client)])
    async def ask(request: Request) -> dict[str, Any]:
        owner = str((await request.json()).get("loginHint") or "")
        if "@" not in owner:
            raise HTTPException(422, "loginHint must be an e-mail address")
        if consents.state(owner) in {"Pending", "Accepted"}:
            raise HTTPException(409, "A request for this owner exists already")
        consents.put(owner, "Pending")
        return described(owner)

    @routes.get("/{owner}", dependencies=[Depends(client)])
    def look(owner: str) -> dict[str, Any]:
        return described(owner)

    @routes.put("/{owner}/status")
    async def answer(owner: str, request: Request) -> dict[str, Any]:
        """The owner's answer, as the sandbox takes it: a word, or an object with `state`."""
        told = await request.json()
        state = STATES.get(str(told.get("state") if isinstance(told, dict) else told).lower())
        if state is None:
            raise HTTPException(400, "Unknown state")
        described(owner)
        consents.put(owner, state)
        return described(owner)

    return routes
