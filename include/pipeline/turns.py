"""Whose turn it is: the sites of a vendor that are to be read now, in as many groups as there are to be tasks.

A task of Airflow costs half a second of processor before it does anything, and a slot of the vendor's pool for two. Few
sites have a task each. Many share one, which reads them one after the other, and no site stops those behind it.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from include.core.errors import NotFound, SitesFailed, SunledgerError
from include.pipeline import accounts
from include.pipeline.extract import LONGEST_SYNC_S, land_site
from include.warehouse import sites
from include.warehouse.database import connect

log = logging.getLogger(__name__)

MOST_TASKS = 50

Reference = dict[str, Any]


def due_sites(source_system: str) -> list[Reference]:
    """References of the sites whose turn it is."""
    with connect() as connection:
        rows = sites.due(connection, source_system, accounts.vendor(source_system).LEAST_SYNC_MINUTES)
    return [{"integration_site_id": row["integration_site_id"], "name": row["name"]} for row in rows]


def chosen_sites(source_system: str, site_id: int | None, lookback_hours: int | None) -> list[Reference]:
    """References of the one site that somebody asked for, else of those whose turn it is."""
    if site_id is None:
        return due_sites(source_system)
    with connect() as connection:
        row = sites.get(connection, site_id)
    if row["source_system"] != source_system:
        raise NotFound(f"there is no {source_system} site {site_id}")
    return [{"integration_site_id": site_id, "name": row["name"], "lookback_hours": lookback_hours, "is_asked": True}]


def in_groups(references: Sequence[Reference], most: int = MOST_TASKS) -> list[list[Reference]]:
    """A group for each task, no more than `most`, as equal as can be; the order stays."""
    size = -(-len(references) // most) or 1
    return [list(references[first : first + size]) for first in range(0, len(references), size)]


def land_group(group: Sequence[Reference], began_at: datetime) -> list[int]:
    """Land the sites of a group, as far back as each says; returns the load ids, or raises why some did not arrive.

    Those that arrived since `began_at`, the start of the run, are left: another try goes on with the others. The time
    that a task may take is shared, and what one site leaves of its share goes to those behind it.
    """
    with connect() as connection:
        arrived = sites.arrived_since(connection, [site["integration_site_id"] for site in group], began_at)
    waiting = [site for site in group if site["integration_site_id"] not in arrived]
    give_up_at, load_ids = time.monotonic() + LONGEST_SYNC_S, []
    failures: list[tuple[str, Exception]] = []
    for place, reference in enumerate(waiting):
        share_s = max(0.0, give_up_at - time.monotonic()) / (len(waiting) - place)
        try:
            load_ids += land_reference(reference, longest_s=share_s)
        except Exception as error:
            if len(group) == 1:
                raise
            log.exception("%r", reference["name"])
            failures.append((reference["name"], error))
    if failures:
        told = "; ".join(f"{name}: {_words(error)}" for name, error in failures)
        raise SitesFailed(f"{len(failures)} of {len(group)} sites failed: {told}", [error for _, error in failures])
    return load_ids


def _words(error: Exception) -> str:
    """What is told to people; the text of a foreign error may hold anything, so only its kind is."""
    return str(error) if isinstance(error, SunledgerError) else f"{type(error).__name__}, see the log"


def land_reference(reference: Reference, longest_s: float = LONGEST_SYNC_S) -> list[int]:
    """Land the site of a reference, as far back as it says."""
    hours = reference.get("lookback_hours")
    lookback = timedelta(hours=hours) if hours else None
    return land_site(reference["integration_site_id"], lookback=lookback, longest_s=longest_s)


def raise_for_failures(source_system: str, references: Sequence[Reference]) -> None:
    """Raise an error that names every site that did not fully arrive, or is not read for want of a good account."""
    ids = [reference["integration_site_id"] for reference in references]
    with connect() as connection:
        sites.note_refused_loads(connection, ids)
        rows = sites.last_syncs(connection, ids)
        is_asked = any(reference.get("is_asked") for reference in references)
        skipped = [] if is_asked else sites.waiting_for_a_person(connection, source_system)
    failed = {
        row["integration_site_id"]: f"{row['name']}: {row['last_sync_error'] or row['last_sync_status']}"
        for row in rows
        if row["last_sync_status"] != "success"
    }
    for row in skipped:
        reason = f"{row['name']}: not read, the account is {row['credential_state']}"
        failed.setdefault(row["integration_site_id"], f"{reason}: {row['credential_error']}")
    if failed:
        of = len({*ids, *failed})
        raise SitesFailed(f"{len(failed)} of {of} sites failed: {'; '.join(failed.values())}")
