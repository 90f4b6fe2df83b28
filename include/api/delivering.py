"""From a stored delivery to its answer: landed, judged, told; once per Idempotency-Key."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header
from fastapi.responses import JSONResponse

from include.api import schemas, verdicts
from include.api.bodies import MEGABYTE
from include.api.callers import Caller
from include.core.failpoints import failpoint
from include.pipeline.push import Together, process_alone
from include.warehouse import idempotency, loads
from include.warehouse.database import connect

WAIT_S = 60.0
SMALL_FILE_BYTES = 8 * MEGABYTE

Load = dict[str, Any]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, description=schemas.IDEMPOTENCY_KEY)
]


class Workers:
    """The threads that judge what requests bring, each started with the first of its kind."""

    @cached_property
    def pushes(self) -> Together:
        """For pushed rows: as many together as wait."""
        return Together()

    @cached_property
    def files(self) -> Together:
        """For small files, somebody waiting for each: one by one."""
        return Together(process_alone, most=1)

    @cached_property
    def large_files(self) -> Together:
        """For files that nobody waits for: one by one."""
        return Together(process_alone, most=1)

    def judge_push(self, load: Load) -> Load:
        """The load with its verdict, or as it is when that takes long."""
        return _waited_for(self.pushes, load)

    def judge_file(self, load: Load) -> Load:
        """As `judge_push`; large files are never waited for."""
        if load["size_bytes"] <= SMALL_FILE_BYTES:
            return _waited_for(self.files, load)
        if load["status"] in loads.UNFINISHED:
            self.large_files.later(load)
        return load


def _waited_for(worker: Together, load: Load) -> Load:
    if load["status"] in loads.UNFINISHED:
        with suppress(TimeoutError):  # it is durable and goes on; 202 says so
            return worker.verdict(load, WAIT_S)
    return load


def deliver(
    caller: Caller,
    land: Callable[[str], Load],
    judge: Callable[[Load], Load],
    *,
    scheme: str,
    route: str,
    key: str | None,
    identity: bytes,
) -> JSONResponse:
    """Land a delivery under its URI, have it judged, and answer with its verdict; once per Idempotency-Key.

    `identity` are the bytes in which a repeat of the request must be the same.
    """
    subject = f"{caller.name}/{key}" if key else hashlib.sha256(identity).hexdigest()
    uri = f"{scheme}://{caller.organization_id}/{route}/{quote(subject, safe='')}"

    def work() -> tuple[int, dict[str, Any]]:
        started = time.perf_counter()
        load = land(uri)
        return told(judge(own(load, uri) if key else load), started)

    if key is None:
        return answered(*work())
    with idempotency.attempt(caller.organization_id, caller.name, route, key, identity) as attempt:
        if not attempt.is_repeat:
            status, content = work()
            attempt.answer(status, content, content["load_id"])
        return answered(attempt.status_code, attempt.response, is_repeat=attempt.is_repeat)


def own(load: Load, uri: str) -> Load:
    """The load itself, or its original where that came by the same request: the server died before it answered."""
    if load["status"] != "duplicate":
        return load
    with connect() as connection:
        original = loads.get(connection, load["duplicate_of"])
    return original if original["original_uri"] == uri else load


def told(load: Load, started: float) -> tuple[int, dict[str, Any]]:
    """Status and content of the answer; `started` by the clock `time.perf_counter`, seconds."""
    with connect() as connection:
        content = verdicts.verdict(connection, load)
    failpoint("push_judged")
    content["processing_time_ms"] = round(1000 * (time.perf_counter() - started))
    return verdicts.status_code(load), content


def answered(status: int, content: dict[str, Any], *, is_repeat: bool = False) -> JSONResponse:
    """The answer to a delivery."""
    headers = {"Location": content["status_url"], "Idempotent-Replayed": "true" if is_repeat else "false"}
    return JSONResponse(content, status, headers)
