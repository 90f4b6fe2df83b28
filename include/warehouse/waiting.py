"""Loads that wait: to be finished, for the copy of their object, to be judged again, or for a Dag to attend to them."""

from collections.abc import Sequence
from typing import Any

from include.warehouse.database import Connection
from include.warehouse.loads import UNFINISHED


def unfinished(connection: Connection, feeds: Sequence[str] = ()) -> list[int]:
    """Loads (of these feeds when some are named) that a crash left before their verdict.

    What came over the API or was sent back by hand is in other hands for ten minutes.
    """
    rows = connection.execute(
        """
        select load_id from ops.ingestion_log
        where status = any(%s) and (cardinality(%s::text[]) = 0 or feed = any(%s))
            and not (
                (coalesce(original_uri, '') like 'api-%%' or reopened_at is not null)
                and coalesce(reopened_at, received_at) > now() - interval '10 minutes'
            )
        order by load_id
        """,
        [list(UNFINISHED), list(feeds), list(feeds)],
    ).fetchall()
    return [row["load_id"] for row in rows]


def small_landed(connection: Connection, load_ids: Sequence[int], most_bytes: int) -> list[dict[str, Any]]:
    """Those of some loads that were only landed and are small enough to be staged and judged with others."""
    return connection.execute(
        """
        select * from ops.ingestion_log
        where load_id = any(%s) and status = 'landed' and size_bytes <= %s
        order by load_id
        """,
        [list(load_ids), most_bytes],
    ).fetchall()


def undisposed(connection: Connection) -> list[dict[str, Any]]:
    """Loads with a verdict whose object has not been copied to its verdict zone yet."""
    return connection.execute(
        """
        select * from ops.ingestion_log
        where status in ('accepted', 'published', 'held', 'rejected') and disposition_key is null
        order by load_id
        """
    ).fetchall()


def newly_mapped(connection: Connection) -> list[int]:
    """Loads with refused rows of a device that has a meter by now."""
    rows = connection.execute(
        """
        select distinct l.load_id
        from ops.ingestion_log as l
        cross join jsonb_to_recordset(l.verdict -> 'unmapped') as u (site text, device text)
        inner join core.meter_device as d
            on l.organization_id = d.organization_id
            and l.source_system = d.source_system
            and d.external_site_id = u.site
            and d.external_device_id = u.device
        where l.status in ('accepted', 'published', 'held') and l.rows_rejected > 0
        order by l.load_id
        """
    ).fetchall()
    return [row["load_id"] for row in rows]


def unattended(connection: Connection, feeds: Sequence[str]) -> set[tuple[str, str]]:
    """Signs of deliveries that a Dag has to take further, whoever brought them this far.

    One for each load of these feeds that nobody finished for ten minutes, and one as long as judged loads or
    reassessments wait and no publication is being built; that sign changes when a publication closes, so that it is
    given once for each. What a Dag judged is left for a minute to the publication that follows it.
    """
    rows = connection.execute(
        """
        select 'load' as sign, load_id::text as subject
        from ops.ingestion_log
        where status in ('landed', 'staged') and feed = any(%(feeds)s)
            and coalesce(reopened_at, received_at) < now() - interval '10 minutes'
        union all
        select 'after publication', coalesce(ops.last_closed_publication_id()::text, '')
        where (
            exists (
                select from ops.ingestion_log as l
                where l.status = 'accepted'
                    and l.judged_at < now() - case
                        when l.original_uri like 'api-%%' or l.reopened_at is not null then interval '5 seconds'
                        else interval '1 minute'
                    end
            )
            or exists (
                select from ops.reassessment
                where publication_id is null and requested_at < now() - interval '5 seconds'
            )
        )
        and not exists (
            select from ops.publication
            where status = 'open' and last_error is null and claimed_at > now() - interval '15 minutes'
        )
        """,
        {"feeds": list(feeds)},
    ).fetchall()
    return {(row["sign"], row["subject"]) for row in rows}
