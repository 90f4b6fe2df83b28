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
from include.core import json_objects

Model = TypeVar("Model", bound=BaseModel)

MEGABYTE = 2**20
JSON_BYTES = 32 * MEGABYTE
SMALL_JSON_BYTES = MEGABYTE
MOST_ROWS = 50_000
# what a body may have of each before it is parsed: some objects a row, and some dozens of values
CROWDS = ((b"{", "objects", 4 * MOST_ROWS), (b"[", "lists", 4 * MOST_ROWS), (b",", "values", 40 * MOST_ROWS))
POINTER_LETTERS = 200
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
    _refuse_coding(request)
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


def _refuse_coding(request: Request) -> None:
    """Refuse a body that says it is compressed: what arrives is hashed, stored and judged as it is."""
    coding = ", ".join(request.headers.getlist("content-encoding")).strip().lower()
    if coding not in {"", "identity"}:
        raise Problem(
            415,
            "E618_CONTENT_ENCODING",
            f"the body has the content encoding {coding[:50]}",
            "send it without Content-Encoding; a file may be gzipped itself: upload it as it is",
            headers={"Accept-Encoding": "identity"},
        )


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
    """Parse JSON; crowds, deep nesting, broken text and names that stand twice are problems, never crashes."""
    _refuse_crowds(body)
    try:
        content = pydantic_core.from_json(body, allow_inf_nan=True, cache_strings="keys")
        json.loads(body.decode(), object_pairs_hook=json_objects.once)
    except json_objects.MemberRepeated as error:
        raise _ambiguous(body.decode(), error) from None
    except (ValueError, RecursionError) as error:
        raise Problem(
            422, "F002_UNPARSEABLE", f"the body is not JSON: {error}", "check the encoding and the brackets"
        ) from None
    return content


def _refuse_crowds(body: bytes) -> None:
    """Refuse a body of more things than the most rows have, before they are made: each is some hundred bytes then."""
    for mark, what, most in CROWDS:
        if (count := body.count(mark)) > most:
            raise Problem(422, "F003_TOO_LARGE", f"the body has {count} {what}; at most {most} are read", FEWER_ROWS)


def _ambiguous(text: str, error: json_objects.MemberRepeated) -> Problem:
    """The problem of a body that names a member twice: readers would differ in which of the two they take."""
    found = [{"pointer": json_objects.pointer(text)[:POINTER_LETTERS], "message": str(error)}]
    what = f"{found[0]['pointer']}: {error}"
    return Problem(422, "F009_AMBIGUOUS", what, "say everything once", errors=found)


def of(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """A dependency that reads a small JSON body of this form; `openapi(model)` documents it."""
    read = json_body()

    async def checked(request: Request) -> Model:
        try:
            return model.model_validate(parsed(await read(request)))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None

    return checked
