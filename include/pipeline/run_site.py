"""One site from the vendor to its verdict, as a person asks for it: for real, or as a dry run."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from include.core.errors import SunledgerError
from include.core.records import Window
from include.pipeline import feeds
from include.pipeline.extract import sync_site
from include.pipeline.process import process_all
from include.pipeline.trial import try_site
from include.pipeline.walk import OnPart
from include.warehouse import loads, sites
from include.warehouse.database import connect

GOOD = frozenset({"accepted", "published", "empty"})


@dataclass(slots=True)
class Report:
    """What a run brought from one site; `state` is `success` only if everything arrived and was accepted."""

    organization: str
    site: str
    name: str
    window: Window | None = None
    loads: list[dict[str, Any]] = field(default_factory=list)
    error: SunledgerError | None = None
    refused: str = ""

    @property
    def state(self) -> str:
        """`success`, `partial` or `error`."""
        if self.error is None and not self.refused:
            return "success"
        return "partial" if self.loads else "error"

    @property
    def reason(self) -> str:
        """Why it is no success."""
        return "; ".join(filter(None, (str(self.error) if self.error else "", self.refused)))

    @property
    def statuses(self) -> dict[str, int]:
        """Loads by status."""
        return dict(Counter(load["status"] for load in self.loads))

    def rows(self, kind: str) -> int:
        """Rows in, clean, rejected or duplicate, over all loads."""
        return sum(load[f"rows_{kind}"] or 0 for load in self.loads)


def registered(source_system: str, site: str | None = None, organization_id: int | None = None) -> list[dict[str, Any]]:
    """The sites to run: the one that is named, be it switched off, or every active one of the vendor."""
    with connect() as connection:
        return sites.find(connection, source_system, site, organization_id)


def run_site(
    row: dict[str, Any], lookback: timedelta | None = None, *, is_dry: bool = False, on_part: OnPart | None = None
) -> Report:
    """Land, stage and judge one site now; a named error stands in the report and is not raised."""
    report = Report(row["organization"], row["external_site_id"], row["name"])
    if is_dry:
        tried = try_site(row["integration_site_id"], lookback, on_part=on_part)
        report.window, report.loads, report.error = tried.window, tried.loads, tried.error
    else:
        _run(report, row, lookback, on_part)
    report.refused = _refused(report.loads)
    return report


def _run(report: Report, row: dict[str, Any], lookback: timedelta | None, on_part: OnPart | None) -> None:
    try:
        synced = sync_site(row["integration_site_id"], lookback=lookback, on_part=on_part)
        report.site, report.window, report.error = synced.site.external_site_id, synced.window, synced.error
        landed = synced.load_ids
    except SunledgerError as error:  # the site is in other hands
        report.error, landed = error, []
    try:
        process_all(landed, feeds=[feeds.feed_of(row["source_system"])])
    except SunledgerError as error:
        report.error = report.error or error
    with connect() as connection:
        sites.note_refused_loads(connection, [row["integration_site_id"]])
        report.loads = [loads.get(connection, load_id) for load_id in landed]


def _refused(rows: list[dict[str, Any]]) -> str:
    """Loads that were not accepted, or that repeat one that was not."""
    with connect() as connection:
        contents = [loads.get(connection, row["duplicate_of"]) if row["status"] == "duplicate" else row for row in rows]
    refused = [row for row in contents if row["status"] not in GOOD]
    return "; ".join(
        f"load {row['load_id']} is {row['status']}: {row['code'] or 'not judged'} {row['message'] or ''}".strip()
        for row in refused
    )
