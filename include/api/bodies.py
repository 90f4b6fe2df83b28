"""Bounds on request bodies, kept before anything is parsed: type, bytes, nesting, rows."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import pydantic_core
from fastapi import Request
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from include.api.problems import Problem
from include.core.json_objects import MemberRepeated, once

Model = TypeVar("Model", bound=BaseModel)

MEGABYTE = 2**20
JSON_BYTES = 32 * MEGABYTE
SMALL_JSON_BYTES = MEGABYTE
MOST_ROWS = 50_000
PIECE_BYTES = MEGABYTE
FEWER_ROWS = "send fewer rows per request, or upload a file"


def json_body(most_bytes: int = SMALL_JSON_BYTES) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that reads a JSON body of bounded size, byte for byte."""

    async def read(request: Request) -> bytes:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Problem(
                415, "E607_MEDIA_TYPE", f"the body is {kind or 'of no type'}, not JSON", "send application/json"
            )
        return await bounded(request, most_bytes)

    return read


async def bounded(request: Request, most_bytes: int) -> bytes:
    """Read a whole body, and stop as soon as it is too large."""
    return b"".join([piece async for piece in pieces(request, most_bytes)])


async def pieces(request: Request, most_bytes: int, remedy: str = FEWER_ROWS) -> AsyncIterator[bytes]:
    """A body in pieces of about a megabyte; stops as soon as it is too large, before reading when it says so itself."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise too_large(most_bytes, remedy)
    waiting, size = bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most_bytes:
                raise too_large(most_bytes, remedy)
            waiting += chunk
            if len(waiting) >= PIECE_BYTES:
                yield bytes(waiting)
                waiting.clear()
    except ClientDisconnect:
        raise Problem(400, "E613_INCOMPLETE", "the connection ended before the body did", "send it again") from None
    yield bytes(waiting)


def known_query(request: Request) -> None:
    """A dependency that refuses parameters which the route does not have: nothing that was meant is dropped."""
    route = request.scope["route"]
    known = {parameter.alias for parameter in get_flat_dependant(route.dependant).query_params}
    if unknown := sorted(set(request.query_params) - known):
        raise RequestValidationError(
            [{"loc": ("query", name[:100]), "msg": "is no parameter of this address"} for name in unknown]
        )


def too_large(most_bytes: int, remedy: str = FEWER_ROWS) -> Problem:
    """The problem of a body that passes its bound."""
    return Problem(413, "E608_TOO_LARGE", f"the body is larger than {most_bytes // MEGABYTE} MiB", remedy)


def parsed(body: bytes) -> Any:
    """Parse JSON; deep nesting and broken text are problems, never crashes."""
    try:
        return pydantic_core.from_json(body, allow_inf_nan=True, cache_strings="keys")
    except ValueError as error:
        raise Problem(
            422, "F002_UNPARSEABLE", f"the body is not JSON: {error}", "check the encoding and the brackets"
        ) from None


def parsed_once(body: bytes) -> Any:
    """Parse a small body, in which no object may name a member twice; readers of rows see to that themselves."""
    content = parsed(body)
    try:
        json.loads(body, object_pairs_hook=once)
    except MemberRepeated as error:
        raise Problem(422, "F002_UNPARSEABLE", str(error), "say everything once") from None
    return content


def of(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """A dependency that reads a small JSON body of this form; `openapi(model)` documents it."""
    read = json_body()

    async def checked(request: Request) -> Model:
        try:
            return model.model_validate(parsed_once(await read(request)))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None

    return checked
