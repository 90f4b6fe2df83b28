"""`sunledger evidence`: packs of broken promises: list, build, verify, export, show."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Evidence packs: signed, verified offline, kept for ever.")
COLUMNS = (
    "default_event_id", "contract", "obligation_code", "period_start_on", "period_end_on", "revision", "event_status",
    "ld_payable", "currency_code", "pack_status", "is_intact", "verified_at", "last_error",
)  # fmt: skip
CHECKS = ("check", "holds", "details")

Event = Annotated[str, typer.Argument(help="Id of the event, as `evidence list` shows it.", show_default=False)]
MaybeEvent = Annotated[str, typer.Argument(help="Id of one event; without it all.", show_default=False)]


@app.command("list")
def list_packs(
    organization: Annotated[str, typer.Option(help="Only of this organization, name or id.")] = "",
    status: Annotated[str, typer.Option(help="Only archive_pending or complete ones.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 30,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the newest events and the state of their packs."""
    from include.warehouse import evidence, registry
    from include.warehouse.database import connect

    with connect() as connection:
        organization_id = registry.organization_id(connection, organization) if organization else None
        rows = evidence.listing(connection, organization_id=organization_id, status=status or None, limit=limit)
    output.as_json(rows) if json else output.as_table(rows, COLUMNS, "evidence packs")


@app.command()
def build(event: MaybeEvent = "", json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Build and store the packs that are missing; the exit code is 1 when one keeps waiting."""
    from include.pipeline import preserve

    if event:
        outcome: dict[str, Any] = {"complete": int(preserve.preserve(_id(event))), "pending": 0, "messages": []}
    else:
        outcome = preserve.preserve_all()
    if json:
        output.as_json(outcome)
    else:
        output.as_table([outcome], ("complete", "pending"), "packs")
        for message in outcome["messages"]:
            typer.echo(message)
    raise typer.Exit(1 if outcome["pending"] else 0)


@app.command()
def verify(event: MaybeEvent = "", json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Check one pack in every part, or all of them; the exit code is 1 when one is not intact."""
    from include.pipeline import preserve

    if event:
        found = preserve.verify(_id(event), actor=getpass.getuser())
        output.as_json(found) if json else output.as_table(found["checks"], CHECKS, f"pack of event {event}")
        raise typer.Exit(0 if found["is_intact"] else 1)
    outcome = preserve.verify_all()
    if json:
        output.as_json(outcome)
    else:
        output.as_table([outcome], ("verified", "failed"), "packs")
    raise typer.Exit(1 if outcome["failed"] else 0)


@app.command()
def export(
    event: Event,
    to: Annotated[Path, typer.Option(help="File or folder to write the pack to.")] = Path(),
) -> None:
    """Write the pack of an event to a file, to be handed out; the export is an audit entry."""
    from include.pipeline import evidence_views

    name, body = evidence_views.export(_id(event), actor=getpass.getuser())
    target = to / name if to.is_dir() else to
    target.write_bytes(body)
    typer.echo(f"{target}: {len(body)} bytes; check it with `python verify.py {target.name} --key PUBLIC_KEY.pem`")


@app.command()
def show(
    event: Event,
    html: Annotated[Path | None, typer.Option(help="Write the page as HTML to this file.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the page as PDF to this file.")] = None,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show an event and its pack; with --html or --pdf also write the page for people, which is an audit entry."""
    from include.pipeline import evidence_views
    from include.warehouse import evidence
    from include.warehouse.database import connect

    with connect() as connection:
        row = evidence.event(connection, _id(event))
        pack = evidence.maybe_pack(connection, _id(event)) or {"status": "archive_pending"}
    for kind, path in (("html", html), ("pdf", pdf)):
        if path is not None:
            path.write_bytes(evidence_views.page(_id(event), kind, actor=getpass.getuser()))
    if json:
        output.as_json({"event": row, "pack": pack})
        return
    facts = {
        **{name: row[name] for name in ("obligation_code", "period_start_on", "period_end_on", "revision", "status")},
        **{name: row[name] for name in ("guaranteed", "counted", "shortfall", "unit", "ld_payable", "currency_code")},
        **{f"pack_{name}": value for name, value in pack.items() if name not in {"verification", "organization_id"}},
    }
    shown = [{"": name.replace("_", " "), "value": value} for name, value in facts.items() if value is not None]
    output.as_table(shown, ["", "value"], f"event {event}")


def _id(event: str) -> Any:
    from uuid import UUID

    from include.core.errors import NotFound

    try:
        return UUID(event)
    except ValueError:
        raise NotFound(f"{event!r} is no event", remedy="`sunledger evidence list` shows the known ones") from None
