"""Scripted failures over real HTTP: the next matching request gets what the script says.

`POST /_control/faults` takes a list of faults, `DELETE` forgets them, `GET /_control/requests` shows
which requests came in, with the names of their headers but not the values.
"""

import asyncio
import base64
import json
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

CONTROL = "/_control"


class Fault(BaseModel):
    """One scripted reply. Without `status` the real reply is sent, but slowly or cut short.

    path:      part of the request path that must match
    times:     how many matching requests are hit
    delay_s:   pause before the first byte, seconds
    drip_s:    pause after every byte of the body, seconds
    cut_after: close the connection after so many bytes of the body; the length still promises all

    In `body`, `{request}` becomes what the request brought: headers, query and body, as careless servers repeat it.
    """

    path: str = ""
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = {}
    body: str = ""
    body_base64: str | None = None
    delay_s: float = 0
    drip_s: float = 0
    cut_after: int | None = None


class Faults:
    """ASGI middleware that plays the script and keeps a list of requests."""

    def __init__(self, app: Any, script: "Script") -> None:
        self.app = app
        self.script = script

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        fault = self.script.take(scope)
        if fault is None:
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay_s)
        if fault.status is None:
            status, headers, body = await self._real_reply(scope, receive)
        else:
            body = base64.b64decode(fault.body_base64) if fault.body_base64 else await _repeated(fault, scope, receive)
            status, headers = fault.status, {"content-type": "application/json", **fault.headers}
        await _reply(send, fault, status, {**headers, "content-length": str(len(body))}, body)

    async def _real_reply(self, scope: dict, receive: Any) -> tuple[int, dict[str, str], bytes]:
        messages: list[dict] = []

        async def keep(message: dict) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        return messages[0]["status"], headers, b"".join(message.get("body", b"") for message in messages[1:])


async def _repeated(fault: Fault, scope: dict, receive: Any) -> bytes:
    """The fault's body; text of the request in it is quoted as JSON wants it."""
    if "{request}" not in fault.body:
        return fault.body.encode()
    message = await receive()
    headers = " ".join(value.decode("latin-1") for _, value in scope["headers"])
    request = f"{headers} {scope['query_string'].decode()} {message.get('body', b'').decode('utf-8', 'replace')}"
    return fault.body.replace("{request}", json.dumps(request)[1:-1]).encode()


async def _reply(send: Any, fault: Fault, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    is_cut = fault.cut_after is not None and fault.cut_after < len(body)
    sent = body[: fault.cut_after] if is_cut else body
    for index in range(len(sent) if fault.drip_s else 0):
        await send({"type": "http.response.body", "body": sent[index : index + 1], "more_body": True})
        await asyncio.sleep(fault.drip_s)
    rest = b"" if fault.drip_s else sent
    await send({"type": "http.response.body", "body": rest, "more_body": is_cut})  # uvicorn then hangs up


class Script:
    """The faults still to come and the requests that came."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.requests: list[dict[str, Any]] = []

    def take(self, scope: dict) -> Fault | None:
        """Note a request and return the fault that it shall suffer, if any."""
        self.requests.append(
            {
                "path": scope["path"],
                "query": scope["query_string"].decode(),
                "headers": sorted(name.decode() for name, _ in scope["headers"]),
            }
        )
        for fault in self.faults:
            if fault.path in scope["path"] and fault.times > 0:
                fault.times -= 1
                return fault
        return None


def router(script: Script) -> APIRouter:
    """The control endpoints of a script."""
    control = APIRouter(prefix=CONTROL)

    @control.post("/faults")
    def add_faults(faults: list[Fault]) -> dict[str, int]:
        script.faults.extend(faults)
        return {"faults": len(script.faults)}

    @control.delete("/faults")
    def forget_faults() -> dict[str, int]:
        script.faults.clear()
        return {"faults": 0}

    @control.get("/requests")
    def list_requests() -> list[dict[str, Any]]:
        return script.requests

    return control
