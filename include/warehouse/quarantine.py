"""Refused rows: written by judging, listed and released by people."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from psycopg.types.json import Json

from include.core.errors import IllegalState, NotFound
from include.warehouse.database import Connection

# Codes of rows whose values could not be read, so there is nothing that a release could let pass.
UNREADABLE = ("R1", "R20", "R5", "B1", "B20", "B5")
TOGETHER = 500  # rows a statement
ABOUT = ("rejected_row", "rejected_codes", "rejected_messages", "rejected_status")


def replace(connection: Connection, load: dict[str, Any], rows: Iterable[dict[str, Any]]) -> None:
    """Write the refused rows of a load; what an earlier verdict refused and nobody released is forgotten.

    A released row among them has become unreadable since: its release ends, and stays in the audit entries.
    """
    connection.execute("delete from quarantine.rejected_row where load_id = %s and status = 'open'", [load["load_id"]])
    remaining = iter(rows)
    while together := list(islice(remaining, TOGETHER)):
        connection.execute(
            """
            insert into quarantine.rejected_row (load_id, row_number, organization_id, codes, messages, original)
            select %s, r.row_number, %s, r.codes, r.messages, r.original
            from json_to_recordset(%s) as r (row_number bigint, codes text [], messages text [], original json)
            on conflict (load_id, row_number) do update
            set codes = excluded.codes, messages = excluded.messages, original = excluded.original, status = 'open',
                released_by = null, released_reason = null, released_at = null
            """,
            [load["load_id"], load["organization_id"], Json(together)],
        )


def unreadable_codes(codes: Iterable[str]) -> list[str]:
    """Those of some codes that no release can waive, because there is no value to let pass."""
    return [code for code in codes if code.startswith(UNREADABLE)]


def released_rows(connection: Connection, load_id: int) -> set[int]:
    """Row numbers of a load that a person let pass."""
    rows = connection.execute(
        "select row_number from quarantine.rejected_row where load_id = %s and status = 'released'", [load_id]
    ).fetchall()
    return {row["row_number"] for row in rows}


def listing(
    connection: Connection, *, load_id: int | None = None, code: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Refused rows, newest load first, of one load or code when asked."""
    return connection.execute(
        """
        select r.load_id, r.row_number, r.codes, r.messages, r.original, r.status, l.original_name, r.released_reason
        from quarantine.rejected_row as r
        inner join ops.ingestion_log as l on r.load_id = l.load_id
        where (%(load_id)s::bigint is null or r.load_id = %(load_id)s)
            and (%(code)s::text is null or %(code)s = any(r.codes))
        order by r.load_id desc, r.row_number
        limit %(limit)s
        """,
        {"load_id": load_id, "code": code, "limit": limit},
    ).fetchall()


def original_columns(connection: Connection, load_id: int) -> list[str]:
    """Names of the cells that the refused rows of a load came with, in the order of the delivery."""
    rows = connection.execute(
        """
        select c.name from quarantine.rejected_row as r
        cross join json_object_keys(r.original) with ordinality as c (name, place)
        where r.load_id = %s group by c.name order by min(c.place), c.name
        """,
        [load_id],
    ).fetchall()
    return [row["name"] for row in rows]


def exported(connection: Connection, load_id: int) -> Iterator[dict[str, Any]]:
    """The refused rows of a load, one flat record each: the cells as delivered and what is said `ABOUT` them."""
    with connection.cursor(name="rejected") as cursor:
        cursor.execute(
            """
            select row_number, codes, messages, status, original
            from quarantine.rejected_row where load_id = %s order by row_number
            """,
            [load_id],
        )
        for row in cursor:
            about = (row["row_number"], " ".join(row["codes"]), " ".join(row["messages"]), row["status"])
            cells = {
                name: json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell
                for name, cell in row["original"].items()
            }
            yield cells | dict(zip(ABOUT, about, strict=True))


def release_row(connection: Connection, load_id: int, row_number: int, *, actor: str, reason: str) -> None:
    """Let one refused row pass; refused for rows whose cells could not be read."""
    row = connection.execute(
        "select codes, status from quarantine.rejected_row where load_id = %s and row_number = %s for update",
        [load_id, row_number],
    ).fetchone()
    if row is None:
        raise NotFound(
            f"load {load_id} has no refused row {row_number}", remedy="`sunledger quarantine list` shows them"
        )
    if row["status"] == "released":
        raise IllegalState(f"row {row_number} of load {load_id} was released before")
    if unreadable := unreadable_codes(row["codes"]):
        raise IllegalState(
            f"row {row_number} of load {load_id} has {unreadable[0]}: there is no value to let pass",
            remedy="mend the file, the column map or the mapping, and replay the load",
        )
    connection.execute(
        """
        update quarantine.rejected_row
        set status = 'released', released_by = %s, released_reason = %s, released_at = now()
        where load_id = %s and row_number = %s
        """,
        [actor, reason, load_id, row_number],
    )
    connection.execute(
        """
        update ops.ingestion_log set rows_clean = rows_clean + 1, rows_rejected = rows_rejected - 1
        where load_id = %s
        """,
        [load_id],
    )
