"""A dry run: asks the vendor, parses and judges as a real run does, and writes nothing.

Each answer goes through staging and judging inside one database transaction that is rolled back, with a lake in a
temporary folder. What stays is what the calls themselves cost: renewed tokens and used-up budgets.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from include.core import settings
from include.core.errors import FileRejected, SiteMoved, SunledgerError, UnexpectedPayload
from include.core.records import Answer, Site, Window
from include.lake.store import Lake
from include.pipeline import judge
from include.pipeline.extract import open_account
from include.pipeline.land import delivery_of
from include.pipeline.stage import Rows
from include.pipeline.walk import OnPart, Walk, window_of
from include.warehouse import credentials, loads, moves, raw, sites
from include.warehouse.database import Connection, connect


@dataclass(slots=True)
class Tried:
    """What a real run would have brought: the ledger rows of its loads, and why it would have ended."""

    site: Site
    window: Window | None = None
    loads: list[dict[str, Any]] = field(default_factory=list)
    error: SunledgerError | None = None


def try_site(integration_site_id: int, lookback: timedelta | None = None, *, on_part: OnPart | None = None) -> Tried:
    """Read a site and judge what comes, without leaving a trace in warehouse and lake."""
    with connect() as connection:
        row = sites.get(connection, integration_site_id)
        credential = credentials.get(connection, row["credential_id"])
    tried = Tried(sites.as_record(row))
    try:
        tried.window = window_of(row, lookback=lookback)
        walk = Walk(tried.site, open_account(tried.site, credential), _Judged(tried))
        walk.through(tried.window, on_part)
    except SunledgerError as error:
        tried.error = error
    return tried


class _Judged:
    """The steps of a dry run: every answer gets its verdict, and is forgotten."""

    def __init__(self, tried: Tried) -> None:
        self.tried = tried
        self.move: tuple[Site, SiteMoved] | None = None

    def keep(self, answer: Answer, site: Site) -> None:
        """Judge an answer."""
        with _nowhere() as connection:
            if self.move:
                old, new = self.move
                moves.move(connection, old, new.external_site_id, new.devices)
            self.tried.loads.append(_judged(connection, answer, site))

    def done(self, part: Window) -> None:
        """Nothing is stored, so no mark moves."""

    def moved(self, site: Site, move: SiteMoved) -> Site:
        """The site under its new ids, which nobody stores."""
        self.move = (site, move)
        devices = tuple(move.devices.get(device, device) for device in site.devices)
        return replace(site, external_site_id=move.external_site_id, devices=devices)


@contextmanager
def _nowhere() -> Iterator[Connection]:
    """A transaction and a lake that are gone when the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="sunledger-") as folder,
        settings.lake_at(f"file://{folder}"),
        connect() as connection,
    ):
        yield connection
        connection.rollback()


def _judged(connection: Connection, answer: Answer, site: Site) -> dict[str, Any]:
    """The ledger row of an answer with its verdict, as the running transaction sees it."""
    delivery = delivery_of(answer, site)
    load = loads.register(connection, delivery)
    if load["status"] == "duplicate":
        return load
    Lake().put(delivery.lake_key, answer.body, delivery.sha256)
    with Lake().local_file(delivery.lake_key, delivery.sha256) as path:
        load = _staged(connection, load, path)
    if load["status"] == "staged":
        judge.ensure_place(connection, load)
        judge.settle(connection, load, judge.verdicts_of(connection, [load])[load["load_id"]])
    return loads.get(connection, load["load_id"])


def _staged(connection: Connection, load: dict[str, Any], path: Path) -> dict[str, Any]:
    rows = Rows(load, datetime.now(UTC).date())
    try:
        batches = list(rows.batches(path))  # parsed as a whole first: an error within a copy would end the transaction
    except (FileRejected, UnexpectedPayload) as refusal:
        loads.refuse(connection, load, "empty" if refusal.code == "F001_EMPTY" else "rejected", refusal)
        return loads.get(connection, load["load_id"])
    raw.ensure_partition(connection, load["feed"], rows.day)
    raw.copy(connection, load["feed"], rows.day, batches)
    loads.staged(connection, load, rows.measured())
    return loads.get(connection, load["load_id"])
