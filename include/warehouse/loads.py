"""The ledger of loads: `ops.ingestion_log` and the lease that fences a stale worker."""

import os
import socket
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from include.core.controls import storable
from include.core.errors import Fenced, IllegalState, NotFound
from include.warehouse import custody
from include.warehouse.database import Connection

UNFINISHED = ("landed", "staged", "failed")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What `land` knows of a delivery before anything is staged."""

    organization_id: int
    source_system: str
    feed: str
    content_key: str
    sha256: str
    size_bytes: int
    lake_key: str
    original_name: str
    original_uri: str | None = None
    integration_site_id: int | None = None
    request: dict[str, Any] | None = None
    hints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Staged:
    """What staging counted: rows, the span of their timestamps, and series off the whole interval grid."""

    rows: int
    staged_on: date
    data_start_at: datetime | None = None
    data_end_at: datetime | None = None
    grid_offsets: dict[str, int] | None = None


def register(connection: Connection, delivery: Delivery) -> dict[str, Any]:
    """Record a delivery as a new load, or as a duplicate of the load that has the same content."""
    inserted = connection.execute(
        """
        insert into ops.ingestion_log (
            organization_id, source_system, feed, content_key, sha256, size_bytes, lake_key, original_name,
            original_uri, integration_site_id, request, hints, corrects_load_id
        )
        values (
            %(organization_id)s, %(source_system)s, %(feed)s, %(content_key)s, %(sha256)s, %(size_bytes)s,
            %(lake_key)s, %(original_name)s, %(original_uri)s, %(integration_site_id)s, %(request)s, %(hints)s,
            (
                select max(load_id) from ops.ingestion_log
                where organization_id = %(organization_id)s and original_uri = %(original_uri)s
            )
        )
        on conflict (organization_id, content_key) where duplicate_of is null do nothing
        returning *
        """,
        _parameters(delivery),
    ).fetchone()
    load = inserted or _register_duplicate(connection, delivery)
    custody.landed(connection, load)
    return load


def find_content(connection: Connection, organization_id: int, content_key: str) -> dict[str, Any] | None:
    """The load that first brought this content to the organization, if any."""
    return connection.execute(
        "select * from ops.ingestion_log where organization_id = %s and content_key = %s and duplicate_of is null",
        [organization_id, content_key],
    ).fetchone()


def _register_duplicate(connection: Connection, delivery: Delivery) -> dict[str, Any]:
    return connection.execute(
        """
        insert into ops.ingestion_log (
            organization_id, source_system, feed, content_key, sha256, size_bytes, lake_key, original_name,
            original_uri, integration_site_id, request, hints, status, duplicate_of, code, message, remedy,
            rows_in, rows_clean, rows_rejected, rows_duplicate, judged_at
        )
        select
            %(organization_id)s, %(source_system)s, %(feed)s, %(content_key)s, %(sha256)s, %(size_bytes)s,
            first.lake_key, %(original_name)s, %(original_uri)s, %(integration_site_id)s, %(request)s, %(hints)s,
            'duplicate', first.load_id, 'F004_DUPLICATE',
            format('the same content is load %%s (%%s), received %%s', first.load_id, first.original_name,
                to_char(first.received_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
            case when first.status in ('held', 'rejected', 'failed')
                then format('load %%s is %%s: mend the cause and replay it', first.load_id, first.status) end,
            0, 0, 0, 0, now()
        from ops.ingestion_log as first
        where first.organization_id = %(organization_id)s
            and first.content_key = %(content_key)s and first.duplicate_of is null
        returning *
        """,
        _parameters(delivery),
    ).fetchone()


def _parameters(delivery: Delivery) -> dict[str, Any]:
    names = Delivery.__dataclass_fields__
    values = {name: getattr(delivery, name) for name in names}
    return values | {
        "request": None if delivery.request is None else Jsonb(delivery.request),
        "hints": Jsonb(delivery.hints),
    }


def get(connection: Connection, load_id: int) -> dict[str, Any]:
    """One load by id; raise `NotFound` when there is none."""
    load = connection.execute("select * from ops.ingestion_log where load_id = %s", [load_id]).fetchone()
    if load is None:
        raise NotFound(f"there is no load {load_id}", remedy="`sunledger loads list` shows the known ones")
    return load


def claim(connection: Connection, load_id: int) -> dict[str, Any]:
    """Take the lease on a load: the epoch grows, so every earlier holder is fenced."""
    owner = f"{socket.gethostname()}:{os.getpid()}"
    load = connection.execute(
        """
        update ops.ingestion_log
        set lease_epoch = lease_epoch + 1, lease_owner = %s,
            -- read before the rows are resolved, so that a later change is always newer
            reference_version = case when feed = 'billing_read' then core.reference_version(organization_id) end
        where load_id = %s returning *
        """,
        [owner, load_id],
    ).fetchone()
    return load or get(connection, load_id)


def guard(connection: Connection, load: dict[str, Any]) -> None:
    """Lock the load's row and make sure that the lease is still ours; call it in the writing transaction."""
    row = connection.execute(
        "select lease_epoch from ops.ingestion_log where load_id = %s for update", [load["load_id"]]
    ).fetchone()
    if row is None or row["lease_epoch"] != load["lease_epoch"]:
        raise Fenced(f"load {load['load_id']} was taken over by another worker; nothing was written")


def staged(connection: Connection, load: dict[str, Any], measured: dict[str, Any]) -> None:
    """Write down what was copied to raw, in the transaction that copied it; Fenced when the lease is not ours."""
    offsets = measured["grid_offsets"]
    found = connection.execute(
        """
        update ops.ingestion_log
        set status = 'staged', rows_in = %(rows_in)s, staged_on = %(staged_on)s, data_start_at = %(data_start_at)s,
            data_end_at = %(data_end_at)s, grid_offsets = %(grid_offsets)s, staged_at = now(),
            parser_version = %(parser_version)s, code = null, message = null, remedy = null, verdict = null,
            rows_clean = null, rows_rejected = null, rows_duplicate = null
        where load_id = %(load_id)s and lease_epoch = %(lease_epoch)s
        returning load_id
        """,
        measured
        | {"grid_offsets": Jsonb(offsets) if offsets else None}
        | {"load_id": load["load_id"], "lease_epoch": load["lease_epoch"]},
    ).fetchone()
    if found is None:
        raise Fenced(f"load {load['load_id']} was taken over by another worker; nothing was staged")


def refuse(connection: Connection, load: dict[str, Any], status: str, error) -> None:
    """Close a load whose file cannot be staged: `rejected`, `empty`, or `failed` when a retry may help."""
    guard(connection, load)
    refused = connection.execute(
        """
        update ops.ingestion_log
        set status = %s, code = %s, message = %s, remedy = %s, judged_at = now(), rows_in = 0, rows_clean = 0,
            rows_rejected = 0, rows_duplicate = 0
        where load_id = %s returning *
        """,
        [status, error.code, storable(error.message), storable(error.remedy), load["load_id"]],
    ).fetchone()
    custody.judged(connection, refused)


def settle(connection: Connection, load: dict[str, Any], verdict: dict[str, Any]) -> None:
    """Write a load's verdict: `status`, the four counts, `codes`, and why it is held if it is."""
    settled = connection.execute(
        """
        update ops.ingestion_log
        set status = %(status)s, rows_clean = %(rows_clean)s, rows_rejected = %(rows_rejected)s,
            rows_duplicate = %(rows_duplicate)s, verdict = %(verdict)s, code = %(code)s, message = %(message)s,
            remedy = %(remedy)s, judged_at = now()
        where load_id = %(load_id)s returning *
        """,
        verdict | {"load_id": load["load_id"], "verdict": Jsonb(verdict["verdict"])},
    ).fetchone()
    custody.judged(connection, settled)


def reopen(connection: Connection, load: dict[str, Any], hints: dict[str, Any] | None, *, keeps_release: bool) -> None:
    """Send a load back to the start of the path; `hints` replace how its file is read."""
    connection.execute(
        """
        update ops.ingestion_log
        set status = 'landed', reopened_at = now(), disposition_key = null, copy_expired_at = null,
            hints = hints || %s,
            released_at = case when %s then released_at end
        where load_id = %s
        """,
        [Jsonb(hints or {}), keeps_release, load["load_id"]],
    )


def send_back(connection: Connection, load_id: int) -> None:
    """Take a load that cannot be staged now out of the line for publication, and out of the open one."""
    connection.execute(
        "update ops.ingestion_log set status = 'landed' where load_id = %s and status in ('accepted', 'staged')",
        [load_id],
    )
    connection.execute(
        """
        delete from ops.publication_load as m using ops.publication as p
        where m.publication_id = p.publication_id and p.status = 'open' and m.load_id = %s
        """,
        [load_id],
    )


def set_disposition(connection: Connection, load_id: int, key: str | None) -> None:
    """Remember where the verdict's copy of the object is."""
    connection.execute("update ops.ingestion_log set disposition_key = %s where load_id = %s", [key, load_id])


def accept_held(connection: Connection, load_id: int) -> None:
    """Let the clean rows of a held load pass, also when it is judged again; its refused rows stay refused."""
    changed = connection.execute(
        "update ops.ingestion_log set status = 'accepted', released_at = now(), disposition_key = null, "
        "copy_expired_at = null "
        "where load_id = %s and status = 'held'",
        [load_id],
    )
    if changed.rowcount != 1:
        raise IllegalState(f"load {load_id} is not held", remedy="`sunledger loads show` tells its state")


def reaccept(connection: Connection, load_id: int) -> None:
    """Put a published load in line for the next publication, after some of its rows were released."""
    connection.execute(
        "update ops.ingestion_log set status = 'accepted' where load_id = %s and status = 'published'", [load_id]
    )


def listing(
    connection: Connection, *, organization_id: int | None = None, status: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """The newest loads first, of one organization or status when asked."""
    return connection.execute(
        """
        select
            l.load_id, o.name as organization, l.source_system, l.original_name, l.status, l.rows_in, l.rows_clean,
            l.rows_rejected, l.rows_duplicate, l.code, l.message, l.received_at
        from ops.ingestion_log as l
        inner join core.organization as o on l.organization_id = o.organization_id
        where (%(organization_id)s::bigint is null or l.organization_id = %(organization_id)s)
            and (%(status)s::text is null or l.status = %(status)s)
        order by l.load_id desc
        limit %(limit)s
        """,
        {"organization_id": organization_id, "status": status, "limit": limit},
    ).fetchall()
