"""Publications: the fixed set of loads and reassessments that one `dbt build` takes up, and whether it is final."""

import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from include.core.errors import Fenced, PublicationBusy
from include.warehouse import custody, reassessments
from include.warehouse.database import Connection

# longer than any build; after it a silent builder counts as dead
PATIENCE = timedelta(hours=1)


def waiting_loads(connection: Connection) -> list[dict[str, Any]]:
    """Accepted loads that no publication has brought to the canonical tables yet."""
    return connection.execute("select * from ops.ingestion_log where status = 'accepted' order by load_id").fetchall()


def lock_opening(connection: Connection) -> bool:
    """Keep publications from opening until the transaction ends; returns whether one is open already."""
    connection.execute("select pg_advisory_xact_lock(hashtext('ops.publication'))")
    query = "select exists (select from ops.publication where status = 'open') as is_open"
    return connection.execute(query).fetchone()["is_open"]


def open_or_resume(connection: Connection, builder: str) -> dict[str, Any] | None:
    """The open publication: the one that a crash left open, else a new one over all that waits.

    What waits are accepted loads, reassessments that nobody took up, and periods of contracts that have settled
    without being judged; so a plant that says nothing is judged as well, and nothing is claimed of a period that its
    contract does not have.

    A publication has one builder at a time. Its own builder resumes it at once; another one takes it over only when
    the first has failed, is known to be dead, or was silent for `PATIENCE`. Taking over raises the lease epoch, so a
    builder that was thought dead cannot close it. Returns None when there is nothing to publish.
    """
    connection.execute("select pg_advisory_xact_lock(hashtext('ops.publication'))")
    present = connection.execute(
        "select *, claimed_at < now() - %s as is_stale from ops.publication where status = 'open'", [PATIENCE]
    ).fetchone()
    if present:
        if builder != present["builder"] and not _is_free(present):
            raise PublicationBusy(
                f"publication {present['publication_id']} is being built by {present['builder']}",
                remedy="wait until it has closed",
            )
        return connection.execute(
            """
            update ops.publication
            set lease_epoch = lease_epoch + 1, builder = %s, claimed_at = now(), last_error = null
            where publication_id = %s returning *
            """,
            [builder, present["publication_id"]],
        ).fetchone()
    reassessments.ask_about_forgotten(connection)
    loads = waiting_loads(connection)
    if not loads and not reassessments.are_waiting(connection) and not has_due_periods(connection):
        return None
    publication = connection.execute(
        "insert into ops.publication (builder) values (%s) returning *", [builder]
    ).fetchone()
    connection.execute(
        "insert into ops.publication_load (publication_id, load_id) select %s, unnest(%s::bigint[])",
        [publication["publication_id"], [load["load_id"] for load in loads]],
    )
    reassessments.claim(connection, publication["publication_id"])
    return publication


def has_due_periods(connection: Connection) -> bool:
    """Whether a period of a contract has settled and was never judged, as dbt finds it."""
    return connection.execute(
        "select exists (select from intermediate.int_obligation_periods__due) as found"
    ).fetchone()["found"]


def concern_contracts(connection: Connection) -> bool:
    """Whether any contract makes promises; without one a build has nothing to judge."""
    return connection.execute("select exists (select from core.obligation) as found").fetchone()["found"]


def this_process() -> str:
    """The builder's name of a process that publishes by itself."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_free(publication: dict[str, Any]) -> bool:
    host, _, pid = publication["builder"].rpartition(":")
    is_dead = host == socket.gethostname() and not Path(f"/proc/{pid}").exists()
    return is_dead or publication["is_stale"] or publication["last_error"] is not None


def members(connection: Connection, publication_id: int) -> list[dict[str, Any]]:
    """The loads of a publication."""
    return connection.execute(
        """
        select l.* from ops.ingestion_log as l
        inner join ops.publication_load as p on l.load_id = p.load_id
        where p.publication_id = %s
        order by l.load_id
        """,
        [publication_id],
    ).fetchall()


def ensure_partitions(connection: Connection, publication_id: int) -> None:
    """Create the month partitions that the publication's readings need, and no others.

    Rows that lie too far back or ahead to be accepted ask for no partition.
    """
    members = connection.execute(
        """
        select array_agg(l.load_id) as load_ids, array_agg(distinct l.staged_on) as days
        from ops.ingestion_log as l
        inner join ops.publication_load as p on l.load_id = p.load_id
        where p.publication_id = %s and l.rows_clean > 0 and l.feed <> 'billing_read'
        """,
        [publication_id],
    ).fetchone()
    # known to the planner as values: it would read whole days for loads that it learns of later
    connection.execute(
        """
        select canonical.ensure_partitions(month_start, month_start)
        from (
            -- by days first: they are quicker to tell than months, and few
            select distinct date_trunc('month', min(interval_start), 'UTC') as month_start
            from raw.judged_reading
            where load_id = any(%s) and staged_on = any(%s)
            group by floor(date_part('epoch', interval_start) / 86400)
        ) as months
        where month_start between now() - interval '10 years 1 month' and now() + interval '1 day'
        """,
        [members["load_ids"] or [], members["days"] or []],
    )


def close(connection: Connection, publication: dict[str, Any], counts: dict[str, Any]) -> None:
    """Make a built and tested publication final, with its loads, in one transaction."""
    closed = connection.execute(
        """
        update ops.publication set status = 'closed', closed_at = now(), counts = %s, last_error = null
        where publication_id = %s and lease_epoch = %s and status = 'open'
        """,
        [Jsonb(counts), publication["publication_id"], publication["lease_epoch"]],
    )
    if closed.rowcount != 1:
        raise Fenced(f"publication {publication['publication_id']} was taken over; nothing was closed")
    connection.execute(
        """
        update ops.ingestion_log as l set status = 'published', published_at = now()
        from ops.publication_load as p
        where p.load_id = l.load_id and p.publication_id = %s and l.status = 'accepted'
        """,
        [publication["publication_id"]],
    )
    custody.published(connection, publication["publication_id"])
    custody.detected(connection, publication["publication_id"])


def record_failure(connection: Connection, publication_id: int, error: str) -> None:
    """Keep why a build failed; the publication stays open and the next build resumes it."""
    connection.execute(
        "update ops.publication set last_error = %s where publication_id = %s and status = 'open'",
        [error[:2000], publication_id],
    )


def is_any_closed(connection: Connection) -> bool:
    """Whether anything was ever published."""
    query = "select exists (select from ops.publication where status = 'closed') as found"
    return connection.execute(query).fetchone()["found"]


def is_being_published(connection: Connection, load_id: int) -> bool:
    """Whether the open publication reads this load right now."""
    return connection.execute(
        """
        select exists (
            select from ops.publication_load as l
            inner join ops.publication as p on l.publication_id = p.publication_id
            where l.load_id = %s and p.status = 'open'
        ) as found
        """,
        [load_id],
    ).fetchone()["found"]
