"""The way through a site's window: part by part, oldest first, each durable before the next is asked for."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from include.core.errors import BadRequest, SiteBusy, SiteMoved
from include.core.records import Answer, Site, Window
from include.pipeline import accounts

log = logging.getLogger(__name__)

FIRST_LOOKBACK = timedelta(hours=48)

OnPart = Callable[[int, int], None]  # parts done, parts in all


class Steps(Protocol):
    """What becomes of the answers: a sync stores them, a dry run looks at them."""

    def keep(self, answer: Answer, site: Site) -> None:
        """Take one answer."""

    def done(self, part: Window) -> None:
        """Every answer of this part was kept."""

    def moved(self, site: Site, move: SiteMoved) -> Site:
        """The site under its new ids."""


class Walk:
    """Reads one window of one site; `part` is where it stands, and where it stood when it failed."""

    def __init__(self, site: Site, source: Any, steps: Steps) -> None:
        self.site, self.source, self.steps = site, source, steps
        self.vendor = accounts.vendor(site.source_system)
        self.part: Window | None = None
        self.has_moved = False

    def through(self, window: Window, on_part: OnPart | None = None, longest_s: float | None = None) -> None:
        """Read the whole window; after `longest_s` seconds the rest is left to the next run, with `SiteBusy`."""
        parts, began = list(window.split(self.vendor.PART)), time.monotonic()
        for done, part in enumerate(parts):
            self.part = part
            if longest_s is not None and time.monotonic() - began > longest_s:
                raise SiteBusy(
                    f"{done} of {len(parts)} parts are stored after {longest_s:.0f} s",
                    remedy="the next run goes on from there",
                )
            if on_part:
                on_part(done, len(parts))
            self._read(part)
        if on_part:
            on_part(len(parts), len(parts))

    def _read(self, part: Window, *, may_halve: bool = True) -> None:
        self.part = part
        try:
            self._fetch(part)
        except BadRequest as refusal:
            halves = _halves(self.vendor, part)
            if not may_halve or len(halves) < 2:
                raise
            log.warning("%s %r: %s; asking for half as much", self.site.source_system, self.site.name, refusal)
            for half in halves:
                self._read(half, may_halve=False)
        else:
            self.steps.done(part)

    def _fetch(self, part: Window) -> None:
        try:
            for answer in self.source.fetch(self.site, part):
                self.steps.keep(answer, self.site)
        except SiteMoved as move:
            if self.has_moved:  # twice in one run is no move any more
                raise
            self.has_moved = True
            self.site = self.steps.moved(self.site, move)
            self._fetch(part)


def window_of(row: dict[str, Any], until: datetime | None = None, lookback: timedelta | None = None) -> Window:
    """What to read of a site: from an overlap before its mark, or `lookback`, to the newest closed interval.

    Begins and ends on boundaries of the vendor's own intervals, so that none of them is cut in two.
    """
    vendor, now = accounts.vendor(row["source_system"]), datetime.now(UTC)
    end = vendor.closed_until(min(until or now, now))
    if lookback is not None:
        start = end - lookback
    elif row["high_water_mark"] is None:
        start = end - FIRST_LOOKBACK
    else:
        start = row["high_water_mark"] - vendor.OVERLAP
    return Window(_boundary(vendor, start), end)


def _halves(vendor: Any, part: Window) -> list[Window]:
    middle = _boundary(vendor, part.start + (part.end - part.start) / 2)
    return [Window(part.start, middle), Window(middle, part.end)] if part.start < middle < part.end else [part]


def _boundary(vendor: Any, instant: datetime) -> datetime:
    """The vendor's last interval boundary at or before an instant."""
    return vendor.closed_until(instant + timedelta(seconds=vendor.SETTLE_SECONDS))
