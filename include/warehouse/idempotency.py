"""The first answer to each Idempotency-Key of a caller, kept for a day.

The whole request runs under a lock on its key, and the answer is stored as the lock ends. A server that dies in
between stores nothing; the repeat then finds its delivery in the ledger and tells the same verdict.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any

from psycopg.types.json import Jsonb

from include.core.errors import IllegalState, SunledgerError
from include.warehouse.database import connect

LONGEST_KEY = 255
# each holds a connection until its request is answered
_under_way = BoundedSemaphore(16)


class KeyReused(SunledgerError):
    """The key came before with another body."""

    code = "E610_IDEMPOTENCY_KEY_REUSED"


@dataclass(slots=True)
class Attempt:
    """A request with a key: the first answer where there was one, else room for it."""

    status_code: int | None = None
    response: dict[str, Any] | None = None
    load_id: int | None = None
    is_repeat: bool = field(default=False)

    def answer(self, status_code: int, response: dict[str, Any], load_id: int | None) -> None:
        """Keep the answer for every repeat."""
        self.status_code, self.response, self.load_id = status_code, response, load_id


@contextmanager
def attempt(organization_id: int, caller: str, route: str, key: str, body: bytes) -> Iterator[Attempt]:
    """Run a request under its key; raises `IllegalState` while the same key is under way, `KeyReused` for another body.

    An error that leaves the block stores nothing, so the request may be repeated with its key.
    """
    scope = f"{caller}|{route}|{key}"
    request_hash = hashlib.sha256(body).hexdigest()
    with _under_way, connect() as connection:
        is_ours = connection.execute(
            "select pg_try_advisory_xact_lock(hashtextextended(%s, 0)) as is_ours", [scope]
        ).fetchone()["is_ours"]
        if not is_ours:
            raise IllegalState(
                "a request with this Idempotency-Key is under way", remedy="repeat it when that one is answered"
            )
        known = connection.execute(
            """
            select * from ops.idempotent_request
            where caller = %s and route = %s and idempotency_key = %s and expires_at > clock_timestamp()
            """,
            [caller, route, key],
        ).fetchone()
        if known and known["request_hash"] != request_hash:
            raise KeyReused(
                "this Idempotency-Key came before with another body", remedy="use a new key for a new request"
            )
        if known:
            yield Attempt(known["status_code"], known["response"], known["load_id"], is_repeat=True)
            return
        fresh = Attempt()
        yield fresh
        if fresh.status_code is not None:
            connection.execute(
                """
                insert into ops.idempotent_request
                    (organization_id, caller, route, idempotency_key, request_hash, load_id, status_code, response)
                values (%s, %s, %s, %s, %s, %s, %s, %s)
                on conflict (caller, route, idempotency_key) do update
                set request_hash = excluded.request_hash, load_id = excluded.load_id,
                    status_code = excluded.status_code, response = excluded.response,
                    created_at = now(), expires_at = now() + interval '24 hours'
                """,
                [
                    organization_id,
                    caller,
                    route,
                    key,
                    request_hash,
                    fresh.load_id,
                    fresh.status_code,
                    Jsonb(fresh.response),
                ],
            )
