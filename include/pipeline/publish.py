"""Publish: one `dbt build` over all judged loads. Only a publication that was built and tested is final."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from include.core.errors import BuildFailed, PublicationBusy
from include.core.failpoints import failpoint
from include.pipeline import dbt, feeds
from include.pipeline.process import OUTAGES, process, retry_mapped
from include.pipeline.stage import stage
from include.warehouse import billing, loads, publications, raw, summary
from include.warehouse.database import connect, one_session

# models that only contracts need
OF_CONTRACTS = "tag:contracts"

log = logging.getLogger(__name__)


@one_session()
def open_publication(builder: str | None = None) -> dict[str, Any] | None:
    """Open a publication over the waiting loads, or take over the one that a crash left open.

    Held rows whose site was mapped meanwhile join first. Rows that vanished from raw (a crash of the database
    empties unlogged tables) are staged and judged again from the lake, and so are billing reads whose reference data
    changed after their verdict: dbt resolves them anew, and would miss what no longer resolves. Reassessments and
    periods that have settled open one without any load. Returns None when nothing waits.
    """
    retry_mapped()
    with connect() as connection:
        waiting = publications.waiting_loads(connection)
        missing = [
            load["load_id"] for load in waiting if raw.has_lost_rows(connection, load, feeds.rules(load).kept_in)
        ]
    for load_id in missing:
        log.warning("load %s lost its raw rows and is staged again", load_id)
        _judge_again(load_id)
    with connect() as connection:
        publication = publications.open_or_resume(connection, builder or publications.this_process())
        if publication is None:
            return None
        publications.ensure_partitions(connection, publication["publication_id"])
        outdated = billing.outdated(connection, publication["publication_id"])
    for load_id in outdated:
        log.info("load %s was judged before reference data changed and is judged again", load_id)
        _judge_again(load_id)
    return _reference(publication)


def build(select: str | None = None, watch: Callable[[Any], None] | None = None) -> None:
    """Build what the open publication asks for, and test it; `watch` hears each event of dbt."""
    dbt.build(select, exclude=None if _are_there_contracts() else OF_CONTRACTS, watch=watch)


def close_publication(publication: dict[str, Any]) -> dict[str, Any]:
    """Make a built publication final and return its counts."""
    with connect() as connection:
        counts = summary.publication_counts(connection, publication["publication_id"])
        publications.close(connection, publication, counts)
    return publication | counts


@one_session()
def publish(select: str | None = None) -> dict[str, Any] | None:
    """Open, build, close. Returns the closed publication with its counts, or None when nothing waited."""
    publication = open_publication()
    if publication is None:
        return None
    failpoint("publication_opened")
    started = datetime.now(UTC)
    try:
        build(select)
    except BuildFailed as error:
        with connect() as connection:
            publications.record_failure(connection, publication["publication_id"], str(error))
        raise
    closed = close_publication(publication)
    return closed | {"seconds": round((datetime.now(UTC) - started).total_seconds(), 1)}


def publish_when_free(patience_s: float = 3600.0) -> dict[str, Any] | None:
    """Publish, after waiting for another builder to finish the publication that is open now."""
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            return publish()
        except PublicationBusy as error:
            if time.monotonic() > give_up_at:
                raise
            log.info("%s", error)
            time.sleep(2.0)


def _judge_again(load_id: int) -> None:
    """Stage and judge a waiting load again; one that cannot be leaves the line, so that it stops nobody else."""
    try:
        stage(load_id)
        process(load_id)
    except OUTAGES:
        raise
    except Exception:
        log.exception("load %s is left out of the publication", load_id)
        with connect() as connection:
            loads.send_back(connection, load_id)


def _are_there_contracts() -> bool:
    with connect() as connection:
        return publications.concern_contracts(connection)


def _reference(publication: dict[str, Any]) -> dict[str, Any]:
    return {name: publication[name] for name in ("publication_id", "lease_epoch")}
