"""Reading an answer's body under a byte limit, and telling data from pages."""

import json
import re
from typing import Any

import requests

from include.core.errors import AnswerTooLarge

PIECE_BYTES = 64 * 1024
SNIPPET_CHARACTERS = 200
HTML_STARTS = (b"<!doctype html", b"<html")


def read(response: requests.Response, wire_bytes: int, body_bytes: int) -> bytes:
    """Read at most `wire_bytes` from the network and `body_bytes` after decompression."""
    body = bytearray()
    for piece in response.raw.stream(PIECE_BYTES, decode_content=True):
        body += piece
        if response.raw.tell() > wire_bytes or len(body) > body_bytes:
            raise AnswerTooLarge(
                f"the answer is larger than {wire_bytes} bytes on the wire or {body_bytes} bytes decompressed",
                remedy="Ask for a shorter window, or raise the byte limit if such answers are expected.",
            )
    return bytes(body)


def media_type(response: requests.Response) -> str:
    """The content type without parameters, in lower case; empty when the answer names none."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    """Whether a media type announces JSON, such as `application/problem+json`."""
    return kind.endswith(("/json", "+json"))


def is_page(kind: str, body: bytes) -> bool:
    """Whether this is an HTML page, whatever the content type says."""
    return kind in {"text/html", "application/xhtml+xml"} or body.lstrip()[:20].lower().startswith(HTML_STARTS)


def snippet(body: bytes) -> str:
    """The beginning of a body on one line, without markup; headers and cookies are never part of it."""
    text = re.sub(r"<[^>]*>|\s+", " ", body[: 10 * SNIPPET_CHARACTERS].decode("utf-8", "replace"))
    return " ".join(text.split())[:SNIPPET_CHARACTERS]


def explanation(body: bytes) -> str:
    """What the vendor says about an error: title and detail of a problem document, else a snippet."""
    try:
        problem: Any = json.loads(body)
    except (ValueError, RecursionError):
        return snippet(body)
    if not isinstance(problem, dict):
        return snippet(body)
    words = [problem[key] for key in ("title", "detail") if isinstance(problem.get(key), str)]
    return ": ".join(words)[:SNIPPET_CHARACTERS] if words else snippet(body)
