"""`sunledger extract`: read a vendor's sites now, as its Dag does every hour."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import exits, output
from include.core.errors import NotFound

if TYPE_CHECKING:
    from include.pipeline.run_site import Report

COLUMNS = (
    "site", "name", "window", "loads", "rows_in", "rows_clean", "rows_rejected", "rows_duplicate", "state", "reason",
)  # fmt: skip


def extract(
    vendor: Annotated[str, typer.Argument(help="The vendor, such as solaredge.")],
    site: Annotated[str, typer.Option(help="Only this site, by the vendor's id.")] = "",
    organization: Annotated[str, typer.Option(help="Only sites of this organization, by name or id.")] = "",
    lookback: Annotated[
        float, typer.Option(min=0, help="Hours to read, instead of from where the last run stopped.")
    ] = 0,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Call the vendor, parse and judge, and write nothing; only tokens that had to be renewed and the "
            "calls counted against the account's budget are kept.",
        ),
    ] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Publish what was accepted.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every call to standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Read a vendor's active sites now, or one site: land, stage and judge.

    The exit code is 0 when every site fully arrived, 1 when one did not, 3 when trying again later will do.
    """
    from include.pipeline import accounts, run_site
    from include.warehouse import registry
    from include.warehouse.database import connect

    accounts.vendor(vendor)
    with connect() as connection:
        organization_id = registry.organization_id(connection, organization) if organization else None
    rows = run_site.registered(vendor, site or None, organization_id)
    if not rows:
        raise NotFound(f"there is no {vendor} site{f' {site!r}' if site else ''}", remedy="`sunledger sites apply`")
    if verbose:
        _log_calls()
    reports = []
    with _progress() as bar:
        for row in rows:
            on_part = bar(row["name"])
            span = timedelta(hours=lookback) if lookback else None
            reports.append(run_site.run_site(row, span, is_dry=dry_run, on_part=on_part))
    if publish and not dry_run:
        from include.pipeline.publish import publish_when_free

        publish_when_free()
    _show(reports, json, is_dry=dry_run)
    raise typer.Exit(_exit_code(reports))


def _show(reports: "list[Report]", json: bool, *, is_dry: bool) -> None:
    shown = [_facts(report) for report in reports]
    if json:
        output.as_json(shown)
        return
    for facts in shown:
        facts["loads"] = ", ".join(f"{count} {status}" for status, count in facts["loads"].items())
        facts["window"] = " to ".join(f"{at:%Y-%m-%d %H:%MZ}" for at in facts["window"] or [])
    output.as_table(shown, COLUMNS, "dry run: nothing was stored" if is_dry else "extraction")


def _facts(report: "Report") -> dict[str, Any]:
    kinds = ("in", "clean", "rejected", "duplicate")
    return {
        "organization": report.organization,
        "site": report.site,
        "name": report.name,
        "window": [report.window.start, report.window.end] if report.window else None,
        "loads": report.statuses,
        **{f"rows_{kind}": report.rows(kind) for kind in kinds},
        "state": report.state,
        "reason": report.reason,
    }


def _exit_code(reports: "list[Report]") -> int:
    failed = [report for report in reports if report.state != "success"]
    if not failed:
        return exits.DONE
    passes = all(exits.exit_code(report.error) == exits.LATER and not report.refused for report in failed)
    return exits.LATER if passes else exits.REFUSED


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar per site, on a terminal only; yields what makes the callback for a site."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def bar(name: str) -> Any:
            task = progress.add_task(name, total=None)
            return lambda done, parts: progress.update(task, completed=done, total=parts)

        yield bar


def _log_calls() -> None:
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("include").setLevel(logging.DEBUG)
