"""Extract: from a site's high-water mark to the newest closed interval, landed part by part.

The mark moves only after a part is durable in the lake, so an outage of ours or of the vendor leaves no gap: the
next run starts where this one stopped, an overlap earlier because vendors revise recent values. A site that fails
says so, with the part that failed, and stops no other.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from include.core.errors import (
    ConfigurationError,
    IllegalState,
    SiteGone,
    SiteMoved,
    SunledgerError,
)
from include.core.records import Answer, Site, Window
from include.pipeline.accounts import connect_account
from include.pipeline.land import land_answer
from include.pipeline.walk import OnPart, Walk, window_of
from include.warehouse import credential_states, credentials, moves, sites
from include.warehouse.database import connect, one_session
from include.warehouse.writers import one_writer

log = logging.getLogger(__name__)

LONGEST_SYNC_S = 20 * 60.0  # a task may take 30 minutes, and the last call of a sync some of them


@dataclass(slots=True)
class Synced:
    """How a sync of one site ended: `success`, `partial` or `error`."""

    site: Site
    window: Window | None = None
    load_ids: list[int] = field(default_factory=list)
    error: SunledgerError | None = None

    @property
    def status(self) -> str:
        """A success only when everything is landed."""
        if self.error is None:
            return "success"
        return "partial" if self.load_ids else "error"


def land_site(
    integration_site_id: int,
    until: datetime | None = None,
    lookback: timedelta | None = None,
    longest_s: float = LONGEST_SYNC_S,
) -> list[int]:
    """Fetch and land everything of a site that is closed by `until`; returns the load ids, or raises why not."""
    synced = sync_site(integration_site_id, until, lookback, longest_s=longest_s)
    if synced.error:
        raise synced.error
    return synced.load_ids


def sync_site(
    integration_site_id: int,
    until: datetime | None = None,
    lookback: timedelta | None = None,
    *,
    on_part: OnPart | None = None,
    longest_s: float | None = None,
) -> Synced:
    """Land a site as its only writer and note on the site how that went; a named error is returned, not raised."""
    with one_writer(integration_site_id), one_session():
        with connect() as connection:
            row = sites.get(connection, integration_site_id)
            credential = credentials.get(connection, row["credential_id"])
            sites.begin_sync(connection, integration_site_id)
        synced = Synced(sites.as_record(row))
        walk = None
        try:
            synced.window = window_of(row, until, lookback)
            source = open_account(synced.site, credential)
            walk = Walk(synced.site, source, _Stored(synced))
            walk.through(synced.window, on_part, longest_s)
        except SunledgerError as error:
            synced.error = error
        except Exception as error:
            # the text of a foreign error may hold anything, so only its kind is stored
            synced.error = SunledgerError(f"{type(error).__name__}, see the log")
            _record(synced, credential, walk)
            raise
        _record(synced, credential, walk)
        return synced


def open_account(site: Site, credential: dict[str, Any]):
    """Connect to the account of a site; refused unless the account is in use and one of this vendor."""
    if credential["source_system"] != site.source_system:
        raise ConfigurationError(
            f"a {site.source_system} site is registered with a {credential['source_system']} account",
            remedy="register the site with an account of its own vendor",
        )
    if credential["state"] != "active":
        raise IllegalState(
            f"the account is {credential['state']}", remedy=credential["last_error"] or "`sunledger credentials list`"
        )
    return connect_account(credential)


class _Stored:
    """The steps of a sync: everything is kept for good."""

    def __init__(self, synced: Synced) -> None:
        self.synced = synced

    def keep(self, answer: Answer, site: Site) -> None:
        """Land an answer."""
        self.synced.load_ids.append(land_answer(answer, site)["load_id"])

    def done(self, part: Window) -> None:
        """Move the mark over a part."""
        with connect() as connection:
            sites.advance(connection, self.synced.site.integration_site_id, part)

    def moved(self, site: Site, move: SiteMoved) -> Site:
        """Store the new ids and read the site again."""
        log.warning("%s %r: %s", site.source_system, site.name, move)
        with connect() as connection:
            moves.move(connection, site, move.external_site_id, move.devices)
            self.synced.site = sites.as_record(sites.get(connection, site.integration_site_id))
        return self.synced.site


def _record(synced: Synced, credential: dict[str, Any], walk: Walk | None) -> None:
    """Note how a sync went on the site; and on its account, which worked only if the vendor gave us something."""
    site, error = synced.site, synced.error
    with connect() as connection:
        sites.record_sync(
            connection,
            site.integration_site_id,
            synced.status,
            str(error)[:1000] if error else None,
            walk.part if walk and error else None,
            is_gone=isinstance(error, SiteGone) and not synced.load_ids,
        )
        if synced.load_ids:
            credential_states.record_use(connection, credential)
        if error and credential["state"] == "active":
            credential_states.record_use(connection, credential, error)
    log.info("%s %r: %s", site.source_system, site.name, synced.status)
