"""`sunledger contracts`: terms of contracts from files, planned in words and applied as versions."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from include.cli import exits, output

if TYPE_CHECKING:
    from include.pipeline.contract_plan import Plan

app = typer.Typer(no_args_is_help=True, help="Contracts: terms in versions, events of plants, tests of meters.")
events = typer.Typer(no_args_is_help=True, help="What happened at plants, and excuses or counts as an outage.")
tests = typer.Typer(no_args_is_help=True, help="Tests of meters against a reference.")
app.add_typer(events, name="events")
app.add_typer(tests, name="tests")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML or JSON; docs/contracts.md shows one.")]
List = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, YAML or JSON; see docs/contracts.md.")]
Organization = Annotated[str, typer.Option(help="Name or id of the organization; else the file names it.")]
Reason = Annotated[str, typer.Option(help="Why what is stored changes; kept with the version and audited.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing.")]


@app.command("plan")
def plan_file(file: File, organization: Organization = "", json: Json = False) -> None:
    """Say what applying a file would change; nothing is written."""
    _applied(file, organization, "", json, is_dry_run=True)


@app.command("apply")
def apply_file(file: File, organization: Organization = "", reason: Reason = "", json: Json = False) -> None:
    """Apply a file, whole or not at all; the same file again changes nothing."""
    _applied(file, organization, reason, json)


@events.command("apply")
def apply_events(
    file: List, organization: Organization = "", reason: Reason = "", dry_run: DryRun = False, json: Json = False
) -> None:
    """Apply events of plants; a known id is a correction."""
    _applied(file, organization, reason, json, "events", is_dry_run=dry_run)


@tests.command("apply")
def apply_tests(
    file: List, organization: Organization = "", reason: Reason = "", dry_run: DryRun = False, json: Json = False
) -> None:
    """Apply tests of meters; the same meter and time is a correction."""
    _applied(file, organization, reason, json, "meter_tests", is_dry_run=dry_run)


@app.command("list")
def list_contracts(organization: Annotated[str, typer.Option(help="Name or id.")], json: Json = False) -> None:
    """List the contracts of an organization."""
    from include.pipeline import contract_views
    from include.warehouse import registry
    from include.warehouse.database import connect

    with connect() as connection:
        rows = contract_views.listed(connection, registry.organization_id(connection, organization))
    columns = (
        "external_contract_id",
        "name",
        "project",
        "contract_type",
        "status",
        "version",
        "effective_on",
        "ends_on",
    )
    output.as_json(rows) if json else output.as_table(rows, columns, "contracts")


@app.command()
def show(
    contract: Annotated[str, typer.Argument(help="The contract's number, or our id.")],
    organization: Annotated[str, typer.Option(help="Name or id of the organization that owns it.")],
    json: Json = False,
) -> None:
    """Show a contract: its versions, what it promises, what happened at its plant."""
    from include.pipeline import contract_views
    from include.warehouse import registry
    from include.warehouse.database import connect

    with connect() as connection:
        shown = contract_views.shown(connection, registry.organization_id(connection, organization), contract)
    output.as_json(shown) if json else _show_contract(shown)


@app.command()
def fields() -> None:
    """Print every field of a contract file: what it may be, its unit, its default and its effect."""
    from include.core import terms_reference

    for part in terms_reference.PARTS:
        typer.echo(f"### {part}\n\n{terms_reference.markdown(part)}\n")


@contextmanager
def flaws_listed() -> Iterator[None]:
    """Print everything that is wrong with a file, one thing a line, and end with exit code 1."""
    from include.core.contract_errors import ContractRefused
    from include.core.controls import one_line

    try:
        yield
    except ContractRefused as refused:
        for flaw in refused.flaws:
            typer.echo(one_line(str(flaw)), err=True)
        raise typer.Exit(exits.REFUSED) from None


def _applied(
    file: Path,
    organization: str,
    reason: str,
    json: bool,
    part: Literal["events", "meter_tests"] | None = None,
    *,
    is_dry_run: bool = False,
) -> None:
    from include.pipeline import contract_files, contracts

    with flaws_listed():
        document = contract_files.read(file, part)
        owner = _owner(organization, document.content)
        if is_dry_run:
            made = contracts.plan(document.content, owner, lines=document.lines)
        else:
            actor = getpass.getuser()
            made = contracts.apply(document.content, owner, actor=actor, reason=reason, lines=document.lines)
    output.as_json(made.as_dict()) if json else _say(made)


def _owner(organization: str, content: object) -> int:
    from include.core.errors import ConfigurationError
    from include.warehouse import registry
    from include.warehouse.database import connect

    named = content.get("organization") if isinstance(content, dict) else None
    if not (organization or named):
        raise ConfigurationError("whose contract is it?", remedy="name the --organization")
    with connect() as connection:
        return registry.organization_id(connection, organization or str(named))


def _say(made: "Plan") -> None:
    for line in made.words():
        output.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _show_contract(shown: dict[str, Any]) -> None:
    from include.pipeline import contract_words

    head = f"{shown['external_contract_id']}: {shown['name']}, about {shown['project']} ({shown['status']})"
    output.console.print(head, markup=False, highlight=False, soft_wrap=True)
    versions = [{**row, "terms": row["terms_sha256"][:12]} for row in shown["versions"]]
    columns = ("version", "effective_on", "assess_from_on", "terms", "reason", "applied_by", "applied_at")
    output.as_table(versions, columns, "versions of the terms")
    if shown["versions"]:
        newest = shown["versions"][-1]
        for terms in newest["terms"]["obligations"]:
            line = contract_words.promise(terms, newest["currency_code"])
            output.console.print(line, markup=False, highlight=False, soft_wrap=True)
    columns = ("external_event_id", "version", "event_class", "starts_at", "ends_at", "meter", "is_withdrawn")
    output.as_table(shown["events"], columns, "events of the plant")
    if shown["meter_tests"]:
        columns = ("meter", "version", "tested_at", "last_good_at", "error_share", "is_withdrawn")
        output.as_table(shown["meter_tests"], columns, "tests of its meters")
